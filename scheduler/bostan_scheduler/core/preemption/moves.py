"""A running job goes on in a faster class that is free, when that pays the restart back."""

from collections.abc import Iterable, Iterator

from bostan_scheduler.core.attempt import Stop, StopCause
from bostan_scheduler.core.changes import Change, Intend, Reserve
from bostan_scheduler.core.outcome import Preempted
from bostan_scheduler.core.placement import Placement, place
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import classes_of
from bostan_scheduler.core.preemption.claims import keep_for
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.speed import speed_of


def moves(desk: Desk, running: Iterable[Victim]) -> Iterator[Change]:
    """Whoever has least left to do first. Each stops with a checkpoint, and the GPUs that it will have are kept for it."""
    rule = desk.queue.order.gain
    if rule is None:
        return
    for one in sorted(running, key=lambda one: (one.ask.pool_seconds, one.attempt.id)):
        if one.job.spec.checkpoint_on_signal and one.ran_seconds >= rule.min_run_seconds:
            better = _better(desk, one)
            if better is not None:
                yield from _move(desk, one, *better)


def _better(desk: Desk, one: Victim) -> tuple[str, Placement] | None:
    """The first class, in the job's order, that is so much faster, in its quota, and has room now."""
    shape, classes = one.job.shape, desk.snapshot.classes
    now_speed = speed_of(classes, shape, one.attempt.gpu_class)
    for gpu_class in classes_of(desk, shape):
        if gpu_class is None or gpu_class == one.attempt.gpu_class:
            continue
        if _pays(desk, one, now_speed, speed_of(classes, shape, gpu_class)) and _in_quota(
            desk, one, gpu_class
        ):
            placement = place(desk.room, shape, gpu_class, desk.limits(shape, gpu_class))
            if placement is not None:
                return gpu_class, placement
    return None


def _pays(desk: Desk, one: Victim, now_speed: float, then_speed: float) -> bool:
    """It ends sooner there, the restart included: `left / then + restart < left / now`."""
    settings, left = desk.snapshot.settings.preemption, one.ask.remaining_seconds
    if then_speed < settings.move_gain * now_speed:
        return False
    return left / then_speed + settings.restart_seconds < left / now_speed


def _in_quota(desk: Desk, one: Victim, gpu_class: str) -> bool:
    leaf, claim_seconds = desk.leaf(one.job), desk.snapshot.settings.preemption.claim_seconds
    late_seconds = one.job.spec.stop_seconds + claim_seconds
    return leaf is not None and desk.in_quota(leaf, gpu_class, one.job.shape, late_seconds)


def _move(desk: Desk, one: Victim, gpu_class: str, placement: Placement) -> Iterator[Change]:
    job = one.job
    outcome = Preempted(f"it goes on faster on {gpu_class}", job.id)
    stop = Stop(StopCause.PREEMPTED, True, desk.snapshot.now, outcome, for_job=job.id)
    reserved = keep_for(desk, job, gpu_class, placement, job.spec.stop_seconds)
    desk.keep(reserved)
    yield from (Intend(one.attempt.id, stop), Reserve(reserved))
