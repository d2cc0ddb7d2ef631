"""How long a job runs at speed 1: as its user says, else as jobs like it took, else a guess; doubled when exceeded."""

from bostan_scheduler.core.job import Job


def estimate_seconds(job: Job, default_seconds: int) -> int:
    """The best that is known before it has run."""
    if job.spec.estimate_seconds is not None:
        return job.spec.estimate_seconds
    return job.learnt_seconds if job.learnt_seconds is not None else default_seconds


def remaining_seconds(job: Job, default_seconds: int, under_way_milliseconds: int = 0) -> float:
    """What is left of it at speed 1, always more than nothing.

    `under_way_milliseconds` is what the attempt under way has done at speed 1 beyond `job.done_milliseconds`. An
    estimate that the job has attained was wrong, and is doubled until it is more.
    """
    attained = (job.done_milliseconds + under_way_milliseconds) / 1000
    return doubled_beyond(estimate_seconds(job, default_seconds), attained) - attained


def doubled_beyond(estimate: int, attained: float) -> int:
    """The estimate, doubled as often as it takes to exceed what was attained."""
    assert attained >= 0, "a job has less than nothing behind it"
    estimate = max(1, estimate)
    while estimate <= attained:
        estimate *= 2
    return estimate
