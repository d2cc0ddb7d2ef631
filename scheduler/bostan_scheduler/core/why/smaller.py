"""Helps by asking for less: GPUs, replicas, CPUs, memory or time."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.in_words import size
from bostan_scheduler.core.instant import seconds_between
from bostan_scheduler.core.job import WHOLE_GPU, Job, RankNeeds, Shape
from bostan_scheduler.core.planning.running import longest_stay
from bostan_scheduler.core.why.attempting import starts_but_for_what_is_ahead, starts_now
from bostan_scheduler.core.why.fewer import most
from bostan_scheduler.core.why.help import Help, HelpKind, help_by
from bostan_scheduler.core.why.look import Look

GIB = 2**30
LIMITS_TRIED = 16
LIMIT_SECONDS_MIN = 60


def with_fewer_gpus(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """One rank with fewer GPUs, or fewer ranks of a gang."""
    if shape.replicas > 1:
        yield from _with_fewer_replicas(look, job, shape)
        return
    if shape.rank.gpu_milli < WHOLE_GPU:
        return
    gpus = most(lambda count: starts_now(look, job, _gpus(shape, count)), shape.rank.gpus)
    if gpus is not None:
        asked = shape.rank.gpus
        yield help_by(HelpKind.GPUS, _lost(gpus, asked), _gpus(shape, gpus), gpus=gpus, asked=asked)


def _with_fewer_replicas(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    asked = shape.replicas
    replicas = most(lambda count: starts_now(look, job, replace(shape, replicas=count)), asked)
    if replicas is not None:
        changed = replace(shape, replicas=replicas)
        yield help_by(HelpKind.REPLICAS, _lost(replicas, asked), changed, replicas=replicas, asked=asked)


def with_less_beside(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """Fewer CPUs, or less memory in whole GiB, a rank."""
    rank = shape.rank
    if rank.cpus is not None:
        cpus = most(lambda count: starts_now(look, job, _beside(shape, count, rank.memory_bytes)), rank.cpus)
        if cpus is not None:
            changed = _beside(shape, cpus, rank.memory_bytes)
            yield help_by(HelpKind.CPUS, _lost(cpus, rank.cpus), changed, cpus=cpus, asked=rank.cpus)
    if rank.memory_bytes is not None:
        whole = -(-rank.memory_bytes // GIB)
        gib = most(lambda count: starts_now(look, job, _beside(shape, rank.cpus, count * GIB)), whole)
        if gib is not None:
            changed = _beside(shape, rank.cpus, gib * GIB)
            lost = _lost(gib * GIB, rank.memory_bytes)
            yield help_by(HelpKind.MEMORY, lost, changed, memory_bytes=gib * GIB, most=size(gib * GIB))


def with_less_time(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """The longest time limit that ends before something begins, or that the quota allows; not below its estimate."""
    limits = _limits(look, job, shape)
    tried = most(lambda number: starts_now(look, job, _limited(shape, limits[number])), len(limits), least=0)
    if tried is not None:
        seconds = limits[tried]
        lost, changed = _lost(seconds, shape.time_limit_seconds), _limited(shape, seconds)
        yield help_by(HelpKind.TIME_LIMIT, lost, changed, limit_seconds=seconds)


def _limits(look: Look, job: Job, shape: Shape) -> list[int]:
    """The longest that could matter, in ascending order; none when there is no room for it at all."""
    desk, leaf, now = look.desk, look.desk.leaf(job), look.desk.snapshot.now
    if not starts_but_for_what_is_ahead(look, job, _limited(shape, LIMIT_SECONDS_MIN)):
        return []
    hours = leaf.max_job_hours if leaf is not None else None
    beside = longest_stay(desk.snapshot, shape) - shape.time_limit_seconds
    borders = {seconds_between(now, at) - beside for at in set(desk.timeline.borders()) if at > now}
    borders |= {hours * 3600} if hours is not None else set()
    least = max(LIMIT_SECONDS_MIN, job.spec.estimate_seconds or 0)
    fit = {_rounded(seconds) for seconds in borders if least <= seconds < shape.time_limit_seconds}
    return sorted(one for one in fit if one >= least)[-LIMITS_TRIED:]


def _rounded(seconds: int) -> int:
    """Down to whole minutes."""
    return seconds // 60 * 60


def if_it_saved_itself(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """A job that can be asked to save itself and go may use what is set aside for later."""
    saving = replace(job.spec, checkpoint_on_signal=True)
    changed = replace(shape, checkpoints=True, stop_seconds=saving.stop_seconds)
    if not shape.checkpoints and starts_now(look, job, changed):
        yield help_by(HelpKind.CHECKPOINT, 0.3, changed)


def _limited(shape: Shape, seconds: int) -> Shape:
    return replace(shape, time_limit_seconds=seconds)


def _gpus(shape: Shape, gpus: int) -> Shape:
    return replace(shape, rank=replace(shape.rank, gpus=gpus))


def _beside(shape: Shape, cpus: int | None, memory_bytes: int | None) -> Shape:
    rank = shape.rank
    return replace(shape, rank=RankNeeds(rank.gpus, cpus, memory_bytes, rank.gpu_milli))


def _lost(now: int, asked: int) -> float:
    return 1 - now / asked
