"""How far a job has come: how long its attempts ran, and how much of that the next one need not repeat.

A rank's times are compared with those of its own node only, so that calendars that differ do no harm.
"""

from collections.abc import Mapping

from bostan_scheduler.core.attempt import Attempt, Ended, RankExited, RankSeen, RankStarted
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Checkpoint, Job
from bostan_scheduler.core.snapshot import ClassFacts
from bostan_scheduler.core.speed import speed_of


def ran_milliseconds(attempt: Attempt, now: Instant) -> int:
    """How long it ran up to now: as long as its longest rank, once the ends of all are known."""
    spans = [span for seen in attempt.seen if (span := _span(seen)) is not None]
    if len(spans) == len(attempt.seen):
        return max(0, *spans)
    until = attempt.phase.at if isinstance(attempt.phase, Ended) else now
    return max(0, until - attempt.started_at) if attempt.started_at is not None else 0


def under_way_milliseconds(
    classes: Mapping[str, ClassFacts], job: Job, attempt: Attempt, now: Instant
) -> int:
    """What an attempt that runs has done so far at speed 1, safe or not."""
    return at_speed_1(classes, job, attempt, ran_milliseconds(attempt, now))


def saved_milliseconds(attempt: Attempt, checkpoints: tuple[Checkpoint, ...]) -> int:
    """Up to where the run of an attempt that has ended is safe: a gang goes on from its ranks' oldest checkpoint.

    One of an earlier attempt means that nothing of this attempt's is.
    """
    if not checkpoints or min(one.attempt_number for one in checkpoints) < attempt.number:
        return 0
    own = [_until(attempt, one) for one in checkpoints if one.attempt_number == attempt.number]
    assert isinstance(attempt.phase, Ended), f"{attempt.id} may save more"
    ran = ran_milliseconds(attempt, attempt.phase.at)
    return max(0, min(ran, *own)) if own else ran


def at_speed_1(classes: Mapping[str, ClassFacts], job: Job, attempt: Attempt, milliseconds: int) -> int:
    """What an attempt did in so long, as the time that it takes at speed 1."""
    return round(milliseconds * speed_of(classes, job.spec, attempt.gpu_class))


def _until(attempt: Attempt, checkpoint: Checkpoint) -> int:
    """How long its rank had run when it was saved."""
    began = _began(attempt.seen[checkpoint.rank]) or attempt.started_at
    return checkpoint.declared_at - began if began is not None else 0


def _span(seen: RankSeen) -> int | None:
    if isinstance(seen, RankExited) and seen.started_at is not None:
        return seen.ended_at - seen.started_at
    return None


def _began(seen: RankSeen) -> Instant | None:
    match seen:
        case RankStarted(at=at):
            return at
        case RankExited(started_at=started_at):
            return started_at
        case _:
            return None
