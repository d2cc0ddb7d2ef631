"""How far a job has come: how long its attempts ran, and how much of that the next one need not repeat.

A rank's times are compared with those of its own node only, so that calendars that differ do no harm.
"""

from collections.abc import Mapping

from bostan_scheduler.core.attempt import Attempt, RankExited, RankStarted
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Checkpoint, Job
from bostan_scheduler.core.snapshot import ClassFacts
from bostan_scheduler.core.speed import speed_of


def ran_milliseconds(attempt: Attempt, now: Instant) -> int:
    """How long it has run, by the calendar: up to now, or as long as its longest rank once all have exited."""
    spans = [
        one.ended_at - began for one in attempt.seen if (began := _began(one)) and isinstance(one, RankExited)
    ]
    if len(spans) == len(attempt.seen):
        return max(0, *spans)
    return max(0, now - attempt.started_at) if attempt.started_at is not None else 0


def under_way_milliseconds(
    classes: Mapping[str, ClassFacts], job: Job, attempt: Attempt, now: Instant
) -> int:
    """What an attempt that runs has done so far at speed 1, safe or not."""
    return at_speed_1(classes, job, attempt, ran_milliseconds(attempt, now))


def saved_milliseconds(attempt: Attempt, checkpoints: tuple[Checkpoint, ...], now: Instant) -> int:
    """Up to where an attempt's run is safe: a gang goes on from the oldest of its ranks' checkpoints.

    One of an earlier attempt means that nothing of this attempt's is.
    """
    if not checkpoints or min(one.attempt_number for one in checkpoints) < attempt.number:
        return 0
    own = [_until(attempt, one) for one in checkpoints if one.attempt_number == attempt.number]
    ran = ran_milliseconds(attempt, now)
    return max(0, min(ran, *own)) if own else ran


def at_speed_1(classes: Mapping[str, ClassFacts], job: Job, attempt: Attempt, milliseconds: int) -> int:
    """What an attempt did in so long, as the time that it takes at speed 1."""
    return round(milliseconds * speed_of(classes, job.spec, attempt.gpu_class))


def _until(attempt: Attempt, checkpoint: Checkpoint) -> int:
    """When in its rank's run it was saved."""
    began = _began(attempt.seen[checkpoint.rank])
    return checkpoint.declared_at - (began or attempt.started_at or checkpoint.declared_at)


def _began(seen: object) -> Instant | None:
    match seen:
        case RankStarted(at=at):
            return at
        case RankExited(started_at=started_at):
            return started_at
        case _:
            return None
