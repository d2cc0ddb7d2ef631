"""Waiting jobs for which GPUs are kept: they are looked at before all others, and only they may use what is theirs."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Attempt, Stop
from bostan_scheduler.core.changes import Change, Start, Unreserve
from bostan_scheduler.core.job import Active, Job, Queued
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.intake import give_up
from bostan_scheduler.core.planning.judge import judge_for
from bostan_scheduler.core.planning.kept_parts import parts_let_go
from bostan_scheduler.core.planning.starting import start
from bostan_scheduler.core.timeline.reserved import Reserved


def start_what_is_kept_for(desk: Desk) -> Iterator[Change]:
    """What has come to nothing is given up, and its job waits in line again; then the oldest reservation is first."""
    for reserved in _oldest_first(desk):
        job = desk.snapshot.jobs.get(reserved.job_id)
        if job is None or reserved.lapses_at <= desk.snapshot.now or not _waits(desk, job):
            give_up(desk, reserved.job_id)
            yield Unreserve(reserved.job_id)
    for reserved in _oldest_first(desk):
        job = desk.snapshot.jobs[reserved.job_id]
        attempt = _start(desk, job) if isinstance(job.phase, Queued) else None
        if attempt is not None:
            yield from (Start(attempt), Unreserve(job.id))


def _oldest_first(desk: Desk) -> list[Reserved]:
    return sorted(desk.timeline.reserved.values(), key=lambda one: (one.since, one.job_id))


def _waits(desk: Desk, job: Job) -> bool:
    """Whether a job waits for what is kept for it, or still stops to go on there."""
    match job.phase:
        case Queued():
            return True
        case Active(attempt_id):
            intent = desk.snapshot.attempts[attempt_id].intent
            return isinstance(intent, Stop) and intent.for_job == job.id
        case _:
            return False


def _start(desk: Desk, job: Job) -> Attempt | None:
    leaf, reserved = desk.leaf(job), desk.timeline.reserved[job.id]
    if leaf is None or job.id in desk.aside or not _left(desk, reserved):
        return None
    with parts_let_go(desk.room, job, reserved):
        fits = judge_for(desk, leaf, job)
    if fits is None:
        return None
    desk.served(job.id)
    return start(desk, leaf, job, fits)


def _left(desk: Desk, reserved: Reserved) -> bool:
    """Whether those have gone that make room. Whoever waits for what ends by itself may find room elsewhere before."""
    if reserved.ahead or reserved.parts:
        return True
    return all(desk.room.free_on(node_id, reserved.gpu_class) >= gpus for node_id, gpus in reserved.gpus)
