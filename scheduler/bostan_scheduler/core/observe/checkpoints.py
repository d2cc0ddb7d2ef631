"""A job's checkpoints: which ones are held, and which are still on their way."""

from typing import assert_never

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import Change, KeepCheckpoints
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Checkpoint, Job, PendingCheckpoint
from bostan_scheduler.core.observe.progress import credit_late_checkpoint
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
        case CheckpointDeclared(number=number, at=at):
            saved_at = at if at is not None else snapshot.now
            pending = PendingCheckpoint(attempt.id, rank, number, snapshot.now, saved_at)
            return (KeepCheckpoints(job.id, job.checkpoints, (*settled, pending), "declared"),)
        case CheckpointStored() as stored:
            held = _held(job, attempt, rank, stored)
            late = credit_late_checkpoint(snapshot, job, attempt, held)
            return (KeepCheckpoints(job.id, held, settled, "stored"), *late)
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
    saved_at = _saved_at(job, attempt, rank, stored.number)
    new = Checkpoint(rank, attempt.number, stored.number, stored.step, stored.blob, saved_at)
    before = next((one for one in job.checkpoints if one.rank == rank), None)
    if before is not None and _age(before) >= _age(new):
        return job.checkpoints
    return tuple(
        sorted((*(one for one in job.checkpoints if one.rank != rank), new), key=lambda one: one.rank)
    )


def _saved_at(job: Job, attempt: Attempt, rank: int, number: int) -> Instant:
    """As it was declared. When a newer one was declared meanwhile that is forgotten, and it counts for nothing."""
    pending = (one for one in job.pending_checkpoints if _is_of(attempt, rank, one))
    return next((one.saved_at for one in pending if one.number == number), 0)


def _age(checkpoint: Checkpoint) -> tuple[int, int]:
    return checkpoint.attempt_number, checkpoint.number
