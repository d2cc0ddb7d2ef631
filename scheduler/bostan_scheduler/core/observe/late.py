"""News that comes after its attempt was given up: a late success still ends the job, if nothing has replaced it."""

from bostan_scheduler.core.attempt import Attempt, Ended, Offered, Withdrawn
from bostan_scheduler.core.changes import Change, Finish, Move
from bostan_scheduler.core.job import Active, Queued
from bostan_scheduler.core.observe.ending import outcome_of_exits, why_of, withdraw
from bostan_scheduler.core.observe.progress import credit_late_success
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.snapshot import Snapshot


def on_late_exit(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """Finish the job of an attempt that was given up and had succeeded, unless its successor has started."""
    assert isinstance(attempt.phase, Ended), f"{attempt.id} has not ended"
    if outcome_of_exits(attempt) != Succeeded():
        return ()
    job = snapshot.jobs[attempt.job_id]
    credit = credit_late_success(snapshot, job, attempt)
    match job.phase:
        case Queued():
            return (*credit, Finish(job.id, Succeeded(), snapshot.now))
        case Active(attempt_id):
            given_up = _give_up(snapshot, snapshot.attempts[attempt_id])
            return (*credit, *given_up) if given_up else ()
        case _:
            return ()


def _give_up(snapshot: Snapshot, successor: Attempt) -> tuple[Change, ...]:
    match successor.phase:
        case Offered():
            return withdraw(snapshot, successor, Succeeded())
        case Withdrawn(since, lapses_at):
            return (Move(successor.id, Withdrawn(since, lapses_at, Succeeded()), why_of(Succeeded())),)
        case _:
            return ()
