"""Every reason why a queued job does not start now, the main one first."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.instant import seconds_between
from bostan_scheduler.core.job import WHOLE_GPU, Job, RankNeeds, Shape
from bostan_scheduler.core.patience import shape_of
from bostan_scheduler.core.planning.awaited import awaited_before
from bostan_scheduler.core.planning.desk import Desk, awaited
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.room import PoolSize
from bostan_scheduler.core.room.ever import enough_nodes, parks_of
from bostan_scheduler.core.timeline.reserved import Reserved
from bostan_scheduler.core.waits import Reason, Wait, wait
from bostan_scheduler.core.why.look import Look

Pools = Mapping[str, PoolSize]


def reasons(desk: Desk, job: Job, look: Look | None = None) -> tuple[Wait, ...]:
    """Why a queued job waits; `look` is the one that goes on looking for it, if any does."""
    leaf = desk.leaf(job)
    if leaf is None:
        return (wait(Reason.NO_QUOTA, firm=job.spec.firm),)
    if job.id in desk.aside:
        return (_awaits_checkpoint(desk, job),)
    kept = desk.timeline.reserved.get(job.id)
    if kept is not None:
        return (_kept(desk, kept),)
    look = look or Look(desk, awaited=awaited_before(desk, job.id))
    return _reasons_of(look, leaf, shape_of(desk.snapshot, job))


def _reasons_of(look: Look, leaf: QuotaNode, shape: Shape) -> tuple[Wait, ...]:
    """Why the jobs of one leaf and shape wait."""
    if not allowed(leaf, shape):
        return tuple(_too_much(leaf, shape))
    if shape.rank.gpus == 0:
        return (_without_gpus(look, shape),)
    waits = [_of_class(look, leaf, shape, one) for one in classes_of(look.desk, shape) if one is not None]
    return _ranked(waits) or (_no_such_gpu(shape, "any GPU", {}),)


def _awaits_checkpoint(desk: Desk, job: Job) -> Wait:
    pending = awaited(desk.snapshot, job)
    assert pending is not None, f"{job.id} awaits no checkpoint"
    node = desk.snapshot.attempts[pending.attempt_id].places[pending.rank].node_id
    seconds = desk.snapshot.settings.checkpoint_wait_seconds
    return wait(Reason.CHECKPOINT_ON_ITS_WAY, node=node, waits_seconds=seconds)


def _too_much(leaf: QuotaNode, shape: Shape) -> Iterator[Wait]:
    if leaf.max_job_gpus is not None and shape.gpus > leaf.max_job_gpus:
        yield wait(Reason.JOB_TOO_LARGE, asks=shape.gpus, quota=leaf.id, allows=leaf.max_job_gpus)
    if leaf.max_job_hours is not None and shape.time_limit_seconds > leaf.max_job_hours * 3600:
        asks_hours = -(-shape.time_limit_seconds // 3600)
        yield wait(Reason.JOB_TOO_LONG, asks_hours=asks_hours, quota=leaf.id, allows_hours=leaf.max_job_hours)


def _of_class(look: Look, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait:
    """Quota first, since it is what an administrator set; then whether there is room."""
    return (
        _never(look, leaf, shape, gpu_class)
        or _over_quota(look.desk, leaf, shape, gpu_class)
        or _quota_kept(look.desk, leaf, shape, gpu_class)
        or no_room(look, shape, gpu_class)
        or _not_its_turn(look, gpu_class)
    )


def _not_its_turn(look: Look, gpu_class: str | None) -> Wait:
    """It has room: so somebody is before it, or nobody has looked at it yet."""
    if gpu_class in look.awaited:
        return wait(Reason.IN_LINE, gpu_class=gpu_class or "CPUs")
    return wait(Reason.NOT_YET_PLANNED)


def _never(look: Look, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait | None:
    """What no waiting will cure: the class is not in the quota, or no park could ever hold the gang."""
    if leaf.of_class(gpu_class).limit == Gpus(0):
        return wait(Reason.CLASS_NOT_IN_QUOTA, firm=shape.firm, gpu_class=gpu_class)
    return nowhere(look, shape, gpu_class)


def nowhere(look: Look, shape: Shape, gpu_class: str) -> Wait | None:
    """That no park could ever hold the gang, or none that it allows."""
    enough = look.large_enough(shape, gpu_class)
    if not enough:
        return _no_such_gpu(shape, gpu_class, look.pools(gpu_class))
    if not any(parks_of(shape, enough)):
        return wait(Reason.PARK_RULES, gpu_class=gpu_class)
    if not enough_nodes(look.desk.room, shape, gpu_class):
        return _no_such_node(shape, gpu_class)
    return None


def _no_such_gpu(shape: Shape, gpu_class: str, pools: Pools) -> Wait:
    has = max((pool.gpus for pool in pools.values()), default=0)
    asks = {"replicas": shape.replicas, "asks_per_node": shape.rank.gpus}
    return wait(Reason.NO_SUCH_GPU, gpu_class=gpu_class, has=has, **asks)


def _no_such_node(shape: Shape, gpu_class: str) -> Wait:
    gang = {"replicas": shape.replicas, "asks_per_node": shape.rank.gpus}
    return wait(Reason.NO_SUCH_NODE, gpu_class=gpu_class, **gang, **_beside(shape))


def _without_gpus(look: Look, shape: Shape) -> Wait:
    """Ranks of CPUs and memory alone. They are told as if they asked for no GPUs at all, which they do."""
    if not enough_nodes(look.desk.room, shape, None):
        return _no_such_node(shape, "GPUs")
    if look.has_free(shape, None):
        return _not_its_turn(look, None)
    if shape.patient and look.has_free(replace(shape, patient=False), None):
        return _avoids(look.desk, shape)
    return _no_cpus_or_memory(shape, "GPUs")


def _quota_kept(desk: Desk, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait | None:
    """What it may hold now is meant for others before it would be over."""
    if desk.in_quota(leaf, gpu_class, shape):
        return None
    soonest = min(one.from_at for one, _ in desk.ahead.kept.values())
    within = seconds_between(desk.snapshot.now, soonest)
    return wait(Reason.QUOTA_KEPT, quota=leaf.id, gpu_class=gpu_class, within_seconds=within, asks=shape.gpus)


def _over_quota(desk: Desk, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait | None:
    """The leaf's own limit, or what is left above it of what it may borrow."""
    quotas = desk.books.quotas
    available, limit = quotas.available(leaf, gpu_class), leaf.of_class(gpu_class).limit
    if Gpus(shape.gpus) <= available:
        return None
    uses = quotas.held(leaf.id, gpu_class)
    borrows = leaf.parent is not None and uses + Gpus(shape.gpus) <= limit
    return wait(
        Reason.NOTHING_TO_BORROW if borrows else Reason.QUOTA,
        quota=leaf.id,
        gpu_class=gpu_class,
        uses=uses.count,
        limit=str(limit),
        asks=shape.gpus,
        available=available.count,
        above=leaf.parent if borrows else None,
    )


def _kept(desk: Desk, kept: Reserved) -> Wait:
    """Others make room for it, or the GPUs are kept that will be free soonest."""
    seconds = seconds_between(desk.snapshot.now, kept.from_at)
    reason = Reason.GPUS_KEPT if seconds else Reason.ROOM_IS_MADE
    gpus = sum(gpus for _, gpus in kept.gpus)
    return wait(reason, gpus=gpus, gpu_class=kept.gpu_class, park=kept.park, within_seconds=seconds)


def no_room(look: Look, shape: Shape, gpu_class: str) -> Wait | None:
    """What is in the way, from what is plainest to what is least so; None when nothing is."""
    pools = look.pools_for(shape, gpu_class)
    free = sum(pool.free for pool in pools)
    if free < shape.gpus and shape.rank.gpu_milli == WHOLE_GPU:
        return _too_few(shape, gpu_class, pools, free)
    if look.has_free(shape, gpu_class):
        return _in_the_way(look, shape, gpu_class, free)
    if shape.patient and look.has_free(replace(shape, patient=False), gpu_class):
        return _avoids(look.desk, shape)
    if look.has_free(replace(shape, rank=_gpus_alone(shape.rank)), gpu_class):
        return _no_cpus_or_memory(shape, gpu_class)
    if free < shape.gpus:
        return _too_few(shape, gpu_class, pools, free)
    gang = {"asks_per_node": shape.rank.gpus, "replicas": shape.replicas}
    return wait(Reason.GPUS_SCATTERED, free=free, gpu_class=gpu_class, **gang)


def _too_few(shape: Shape, gpu_class: str, pools: list[PoolSize], free: int) -> Wait:
    has = sum(pool.gpus for pool in pools)
    away, nodes = sum(pool.nodes_away for pool in pools), sum(pool.nodes for pool in pools)
    if away:
        return wait(Reason.NODES_AWAY, away=away, nodes=nodes, gpu_class=gpu_class)
    return wait(Reason.GPUS_BUSY, free=free, has=has, gpu_class=gpu_class, asks=shape.gpus)


def _gpus_alone(needs: RankNeeds) -> RankNeeds:
    return RankNeeds(needs.gpus, gpu_milli=needs.gpu_milli)


def _in_the_way(look: Look, shape: Shape, gpu_class: str, free: int) -> Wait | None:
    """Windows and reservations, unless nothing is."""
    limits = look.limits(shape, gpu_class)
    if limits is None or look.has_room(shape, gpu_class):
        return None
    notice_seconds = _notice(look, shape, gpu_class)
    if notice_seconds is not None:
        times = {"notice_seconds": notice_seconds, "stops_seconds": shape.saves_within_seconds}
        return wait(Reason.NOTICE_TOO_SHORT, free=free, gpu_class=gpu_class, **times)
    return wait(Reason.WINDOW_AHEAD, free=free, gpu_class=gpu_class, nodes=limits.count(), asks=shape.gpus)


def _notice(look: Look, shape: Shape, gpu_class: str) -> int | None:
    """The longest notice of a park within which a job that saves itself would have to be gone, to start now."""
    takes = shape.saves_within_seconds
    notices = look.desk.timeline.notices(gpu_class) if takes is not None else ()
    for notice in sorted((one for one in notices if takes is not None and one < takes), reverse=True):
        if look.has_room(replace(shape, stop_seconds=notice), gpu_class):
            return notice
    return None


def _avoids(desk: Desk, shape: Shape) -> Wait:
    seconds = desk.snapshot.settings.avoid_wait_seconds
    return wait(Reason.AVOIDS_NODES, nodes=", ".join(shape.avoid_nodes), waits_seconds=seconds)


def _no_cpus_or_memory(shape: Shape, gpu_class: str) -> Wait:
    return wait(Reason.CPUS_OR_MEMORY, gpu_class=gpu_class, **_beside(shape))


def _beside(shape: Shape) -> dict[str, int | None]:
    """What each rank needs beside its GPUs; what is not asked for is not said."""
    return {"cpus": shape.rank.cpus, "memory_bytes": shape.rank.memory_bytes}


_SEVERITY = {reason: position for position, reason in enumerate(Reason)}
_PASSING = (
    Reason.NOT_YET_PLANNED,
    Reason.QUOTA,
    Reason.NOTHING_TO_BORROW,
    Reason.AVOIDS_NODES,
    Reason.NODES_AWAY,
    Reason.GPUS_BUSY,
    Reason.GPUS_SCATTERED,
    Reason.CPUS_OR_MEMORY,
    Reason.WINDOW_AHEAD,
    Reason.NOTICE_TOO_SHORT,
    Reason.IN_LINE,
)


def _ranked(waits: list[Wait]) -> tuple[Wait, ...]:
    """What time may cure comes first: of several classes, the one that it will start on is what to tell."""
    return tuple(sorted(waits, key=lambda one: (one.reason not in _PASSING, _SEVERITY[one.reason])))
