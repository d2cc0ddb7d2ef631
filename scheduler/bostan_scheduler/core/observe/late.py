"""News that comes after its attempt was given up: a late success still ends the job, if nothing has replaced it."""

from bostan_scheduler.core.attempt import Attempt, Ended, Offered
from bostan_scheduler.core.changes import Change, Finish
from bostan_scheduler.core.job import Active, Queued
from bostan_scheduler.core.observe.ending import outcome_of_exits, withdraw
from bostan_scheduler.core.outcome import NodeLost, Succeeded
from bostan_scheduler.core.reports import Exited
from bostan_scheduler.core.snapshot import Snapshot


def on_late_exit(snapshot: Snapshot, attempt: Attempt, news: Exited) -> tuple[Change, ...]:
    """Finish the job of an attempt that was thought lost and had succeeded, unless its successor has started."""
    del news
    if not _was_lost(attempt) or outcome_of_exits(attempt) != Succeeded():
        return ()
    job = snapshot.jobs[attempt.job_id]
    match job.phase:
        case Queued():
            return (Finish(job.id, Succeeded(), snapshot.now),)
        case Active(attempt_id) if isinstance((successor := snapshot.attempts[attempt_id]).phase, Offered):
            return withdraw(snapshot, successor, Succeeded())
        case _:
            return ()


def _was_lost(attempt: Attempt) -> bool:
    return isinstance(attempt.phase, Ended) and isinstance(attempt.phase.outcome, NodeLost)
