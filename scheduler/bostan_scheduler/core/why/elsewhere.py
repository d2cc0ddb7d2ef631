"""Helps that leave the job as large as it is: another park, another class, the same GPUs in other portions."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.job import Job, ParkRules, RankNeeds, Shape
from bostan_scheduler.core.why.attempting import starts_now
from bostan_scheduler.core.why.help import Help, HelpKind, help_by
from bostan_scheduler.core.why.look import Look

PLACES_TRIED = 16
PORTIONS = (2, 4, 8)


def in_another_park(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """Parks that the job's rules leave out."""
    parks = dict.fromkeys(park for park, _ in look.desk.room.pools) | dict.fromkeys(
        look.desk.room.open.by_park
    )
    others = sorted(park for park in parks if not shape.parks.admit(park))
    for park in others[:PLACES_TRIED]:
        changed = replace(shape, parks=ParkRules(allow=(park,)))
        if starts_now(look, job, changed):
            yield help_by(HelpKind.PARK, 0.1, changed, park=park)


def on_another_class(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """Classes that the job does not name, with as much memory as it asks for at least."""
    if not shape.gpu_classes:
        return
    others = (
        one for one in look.desk.room.classes(shape.min_gpu_memory_bytes) if one not in shape.gpu_classes
    )
    for _, gpu_class in zip(range(PLACES_TRIED), others, strict=False):
        changed = replace(shape, gpu_classes=(gpu_class,))
        if starts_now(look, job, changed):
            yield help_by(HelpKind.GPU_CLASS, 0.2, changed, gpu_class=gpu_class)


def in_other_portions(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """The same GPUs over more ranks, each with its part of the CPUs and the memory."""
    rank = shape.rank
    for parts in PORTIONS:
        if rank.gpus <= 1 or rank.gpus % parts:
            continue
        needs = RankNeeds(rank.gpus // parts, _part(rank.cpus, parts), _part(rank.memory_bytes, parts))
        changed = replace(shape, replicas=shape.replicas * parts, rank=needs)
        if starts_now(look, job, changed):
            asked = {"asked_replicas": shape.replicas, "asked": rank.gpus}
            yield help_by(HelpKind.SPLIT, 0.25, changed, replicas=changed.replicas, gpus=needs.gpus, **asked)
            return


def _part(amount: int | None, parts: int) -> int | None:
    return -(-amount // parts) if amount is not None else None
