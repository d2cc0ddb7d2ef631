"""What a job is credited with when an attempt of it has ended, and when more of that attempt turns out to be safe."""

from dataclasses import replace

from bostan_scheduler.core.attempt import Attempt, Ended, Withdrawn
from bostan_scheduler.core.changes import Change, Credit
from bostan_scheduler.core.job import Active, Checkpoint, Job, Queued
from bostan_scheduler.core.outcome import Outcome, Succeeded
from bostan_scheduler.core.progress import at_speed_1, ran_milliseconds, saved_milliseconds
from bostan_scheduler.core.snapshot import Snapshot


def credit_end(snapshot: Snapshot, job: Job, attempt: Attempt, outcome: Outcome) -> tuple[Change, ...]:
    """A success has done all that it ran; what ended otherwise, only what is safe."""
    attempt = replace(attempt, phase=Ended(outcome, snapshot.now))
    ran = ran_milliseconds(attempt, snapshot.now)
    done = ran if isinstance(outcome, Succeeded) else saved_milliseconds(attempt, job.checkpoints)
    return _credit(job, at_speed_1(snapshot.classes, job, attempt, done), ran)


def credit_late_success(snapshot: Snapshot, job: Job, attempt: Attempt) -> tuple[Change, ...]:
    """An attempt that was given up had succeeded: all that it ran is done, not only what was safe."""
    before = saved_milliseconds(attempt, job.checkpoints)
    after = ran_milliseconds(attempt, snapshot.now)
    return _credit(job, at_speed_1(snapshot.classes, job, attempt, max(0, after - before)), 0)


def credit_late_checkpoint(
    snapshot: Snapshot, job: Job, attempt: Attempt, held: tuple[Checkpoint, ...]
) -> tuple[Change, ...]:
    """A checkpoint that arrives after its attempt has ended counts if the next attempt begins with it."""
    if not isinstance(attempt.phase, Ended) or not _is_next_to_begin(snapshot, job):
        return ()
    before, after = (saved_milliseconds(attempt, one) for one in (job.checkpoints, held))
    return _credit(job, at_speed_1(snapshot.classes, job, attempt, max(0, after - before)), 0)


def _is_next_to_begin(snapshot: Snapshot, job: Job) -> bool:
    """Whether no attempt has been offered with what was held before; one that is given up does not count."""
    match job.phase:
        case Queued():
            return True
        case Active(attempt_id):
            return isinstance(snapshot.attempts[attempt_id].phase, Withdrawn)
        case _:
            return False


def _credit(job: Job, done: int, ran: int) -> tuple[Change, ...]:
    if not done and not ran:
        return ()
    return (Credit(job.id, job.done_milliseconds + done, job.run_milliseconds + ran),)
