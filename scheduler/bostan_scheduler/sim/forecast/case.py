"""A frozen snapshot as forecasts begin with it, and the one job that is asked about."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.job import Checkpoint, Job, JobSpec, Queued
from bostan_scheduler.core.progress import under_way_milliseconds
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.forecast.past import Past
from bostan_scheduler.sim.news import CHECKPOINT

ASKED = "asked"
"""The id of a job that nobody has submitted yet."""


@dataclass(frozen=True, slots=True)
class Case:
    """`snapshot` is as the engine takes it: see `frozen`."""

    snapshot: Snapshot
    past: Past
    job_id: str


def frozen(snapshot: Snapshot) -> Snapshot:
    """The snapshot as simulated agents can go on from it: a job's progress stands in its checkpoint's step.

    What is on its way has arrived, and what is counted to firms is counted anew.
    """
    jobs = {job.id: _frozen_job(job) for job in snapshot.jobs.values()}
    attempts = {one.id: replace(one, used_until_ms=()) for one in snapshot.attempts.values() if one.holds}
    return replace(snapshot, jobs=jobs, attempts=attempts)


def _frozen_job(job: Job) -> Job:
    done = job.done_milliseconds
    before = job.attempts if isinstance(job.phase, Queued) else job.attempts - 1
    saved = (Checkpoint(0, before, 1, done, CHECKPOINT),) if done and before else ()
    return replace(job, checkpoints=saved, pending_checkpoints=())


def with_job(snapshot: Snapshot, spec: JobSpec) -> Snapshot:
    """The snapshot, and one more job that is submitted now."""
    now = snapshot.now
    learnt = snapshot.history.learnt_seconds(spec) if spec.estimate_seconds is None else None
    job = Job(ASKED, spec, now, ASKED, Queued(now), learnt_seconds=learnt, version=1)
    return replace(snapshot, jobs={**snapshot.jobs, ASKED: job})


def attained(snapshot: Snapshot, job: Job, attempts: Iterable[Attempt]) -> int:
    """What a job has behind it, in milliseconds at speed 1; `attempts` are those that hold something."""
    under_way = (
        under_way_milliseconds(snapshot.classes, job, one, snapshot.now)
        for one in attempts
        if one.job_id == job.id and one.started_at is not None
    )
    return job.done_milliseconds + max(under_way, default=0)
