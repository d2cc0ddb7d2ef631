"""Whether the jobs of one leaf and shape can start now, and where."""

from collections.abc import Collection
from dataclasses import dataclass

from bostan_scheduler.core.job import Job, Shape
from bostan_scheduler.core.patience import shape_of
from bostan_scheduler.core.placement import Placement, best_of, classes_for, equals_for, place
from bostan_scheduler.core.placement.avoiding import forgotten
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.kept_parts import on_its_parts
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.quota import QuotaNode

NONE: Collection[str | None] = ()


@dataclass(frozen=True, slots=True)
class Fits:
    """It starts now, on GPUs of this class."""

    gpu_class: str | None
    placement: Placement


def judge(desk: Desk, pair: Pair, without: Collection[str | None] = NONE) -> Fits | None:
    """The first class, in the order of preference, that has quota and room; None when none has, which is remembered.

    One on which no node to avoid is taken comes before all others, then one on which the fewest are forgotten.
    Classes that it is to do `without` are as if it did not take them.
    """
    leaf, shape = desk.queue.leaves[pair[0]], pair[1]
    if not allowed(leaf, shape):
        desk.memory.barred.add(pair)
        return None
    best: tuple[int, Fits] | None = None
    for equals in equals_for(desk.snapshot, desk.room, shape) if shape.rank.gpus else ((None,),):
        fits = _best(desk, pair, tuple(one for one in equals if one not in without) if without else equals)
        if fits is not None:
            taken = forgotten(shape, fits.placement)
            if not taken:
                return fits
            if best is None or taken < best[0]:
                best = taken, fits
    return None if best is None else best[1]


def _best(desk: Desk, pair: Pair, equals: tuple[str | None, ...]) -> Fits | None:
    """The best of what fits on classes that are equally good."""
    if len(equals) == 1:
        return _judge_class(desk, pair, equals[0])
    shape, found = pair[1], [_judge_class(desk, pair, gpu_class) for gpu_class in equals]
    fits = [one for one in found if one is not None]
    if len(fits) < 2:
        return fits[0] if fits else None
    least = min(forgotten(shape, one.placement) for one in fits)
    good = [(one.gpu_class, one.placement) for one in fits if forgotten(shape, one.placement) == least]
    chosen = best_of(desk.room, [(gpu_class, one) for gpu_class, one in good if gpu_class is not None])
    return Fits(*chosen) if chosen is not None else None


def judge_for(desk: Desk, leaf: QuotaNode, job: Job) -> Fits | None:
    """The same for one job for which GPUs and quota of one class are kept. Nothing of it is remembered."""
    reserved, shape = desk.timeline.reserved[job.id], shape_of(desk.snapshot, job)
    gpu_class = reserved.gpu_class
    with desk.ahead.without(job.id):
        due = job.id in desk.books.claims
        if not (
            desk.books.in_quota(leaf, gpu_class, job.id) if due else desk.in_quota(leaf, gpu_class, shape)
        ):
            return None
    placement = place(desk.room, shape, gpu_class, desk.limits(shape, gpu_class, job.id))
    if placement is None:
        placement = on_its_parts(desk.room, job, reserved)
    return Fits(gpu_class, placement) if placement is not None else None


def classes_of(desk: Desk, shape: Shape) -> tuple[str | None, ...]:
    """The classes that a job may run on, best first; None stands for no GPU at all."""
    return classes_for(desk.snapshot, desk.room, shape) if shape.rank.gpus else (None,)


def allowed(leaf: QuotaNode, shape: Shape) -> bool:
    """Whether the leaf allows jobs of this size and length at all."""
    too_many = leaf.max_job_gpus is not None and shape.gpus > leaf.max_job_gpus
    too_long = leaf.max_job_hours is not None and shape.time_limit_seconds > leaf.max_job_hours * 3600
    return not (too_many or too_long)


def may_start(desk: Desk, pair: Pair, gpu_class: str | None) -> bool:
    """Whether the pair has quota in the class, and it is not known already that it cannot start there."""
    memory, shape = desk.memory, pair[1]
    if memory.is_full(desk.fit(shape), gpu_class) or memory.is_over(pair, gpu_class):
        return False
    if memory.barred and pair in memory.barred:
        return False
    if gpu_class is None or desk.in_quota(desk.queue.leaves[pair[0]], gpu_class, shape):
        return True
    memory.no_quota(pair, gpu_class)
    return False


def _judge_class(desk: Desk, pair: Pair, gpu_class: str | None) -> Fits | None:
    shape = pair[1]
    if not may_start(desk, pair, gpu_class):
        return None
    placement = place(desk.room, shape, gpu_class, desk.limits(shape, gpu_class))
    if placement is None:
        desk.memory.no_room(desk.fit(shape), gpu_class)
        return None
    return Fits(gpu_class, placement)
