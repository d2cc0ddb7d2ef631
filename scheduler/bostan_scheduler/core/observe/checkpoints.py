"""A job's checkpoints: which ones are held, and which are still on their way."""

from typing import assert_never

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import Change, KeepCheckpoints
from bostan_scheduler.core.job import Checkpoint, Job, PendingCheckpoint
from bostan_scheduler.core.reports import CheckpointDeclared, CheckpointLost, CheckpointStored
from bostan_scheduler.core.snapshot import Snapshot

News = CheckpointDeclared | CheckpointStored | CheckpointLost


def on_checkpoint_news(snapshot: Snapshot, attempt: Attempt, rank: int, news: News) -> tuple[Change, ...]:
    """The job's checkpoints after a declaration, an arrival or a loss."""
    job = snapshot.jobs[attempt.job_id]
    settled = tuple(one for one in job.pending_checkpoints if not _replaces(attempt, rank, news.number, one))
    match news:
        case CheckpointDeclared() if any(_is_of(attempt, rank, one) for one in settled):
            return ()  # a newer one is on its way already
        case CheckpointDeclared(number=number):
            pending = PendingCheckpoint(attempt.id, rank, number, snapshot.now)
            return (KeepCheckpoints(job.id, job.checkpoints, (*settled, pending), "declared"),)
        case CheckpointStored() as stored:
            return (KeepCheckpoints(job.id, _held(job, attempt, rank, stored), settled, "stored"),)
        case CheckpointLost(detail=detail):
            return (KeepCheckpoints(job.id, job.checkpoints, settled, f"lost: {detail}"),)
        case _:
            assert_never(news)


def _replaces(attempt: Attempt, rank: int, number: int, pending: PendingCheckpoint) -> bool:
    return _is_of(attempt, rank, pending) and pending.number <= number


def _is_of(attempt: Attempt, rank: int, pending: PendingCheckpoint) -> bool:
    return pending.attempt_id == attempt.id and pending.rank == rank


def _held(job: Job, attempt: Attempt, rank: int, stored: CheckpointStored) -> tuple[Checkpoint, ...]:
    """The newest one of each rank; one that arrives after a newer one is dropped."""
    new = Checkpoint(rank, attempt.number, stored.number, stored.step, stored.blob)
    before = next((one for one in job.checkpoints if one.rank == rank), None)
    if before is not None and _age(before) >= _age(new):
        return job.checkpoints
    return tuple(
        sorted((*(one for one in job.checkpoints if one.rank != rank), new), key=lambda one: one.rank)
    )


def _age(checkpoint: Checkpoint) -> tuple[int, int]:
    return checkpoint.attempt_number, checkpoint.number
