"""How long a job that was queued again waits for other nodes than those it is to avoid."""

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Job, Queued, Shape
from bostan_scheduler.core.snapshot import Snapshot


def patient_until(snapshot: Snapshot, job: Job) -> Instant | None:
    """When its patience ends; None when it has none, or has none left."""
    if not job.avoid_nodes or not isinstance(job.phase, Queued):
        return None
    until = after(job.phase.since, snapshot.settings.avoid_wait_seconds)
    return until if snapshot.now < until else None


def shape_of(snapshot: Snapshot, job: Job) -> Shape:
    """The job's shape now: while it is patient, it refuses the nodes that it is to avoid."""
    return job.shape if patient_until(snapshot, job) is None else job.patient_shape
