"""How long a job runs at speed 1: as its user says, else as jobs like it took, else a guess; doubled when exceeded."""

from bostan_scheduler.core.job import Job


def estimate_seconds(job: Job, default_seconds: int) -> int:
    """The best that is known before it has run."""
    if job.spec.estimate_seconds is not None:
        return job.spec.estimate_seconds
    return job.learnt_seconds if job.learnt_seconds is not None else default_seconds


def is_guessed(job: Job) -> bool:
    """Whether nothing is known of how long it runs."""
    return job.spec.estimate_seconds is None and job.learnt_seconds is None


def attained_seconds(job: Job, under_way_milliseconds: int = 0) -> float:
    """What it has done at speed 1, with what the attempt under way has done beyond `job.done_milliseconds`."""
    return (job.done_milliseconds + under_way_milliseconds) / 1000


def in_all_seconds(job: Job, default_seconds: int, attained_seconds: float) -> int:
    """What it takes in all at speed 1. An estimate that it has attained was wrong, and is doubled until it is more."""
    return doubled_beyond(estimate_seconds(job, default_seconds), attained_seconds)


def doubled_beyond(estimate: int, attained: float) -> int:
    """The estimate, doubled as often as it takes to exceed what was attained."""
    assert attained >= 0, "a job has less than nothing behind it"
    estimate = max(1, estimate)
    while estimate <= attained:
        estimate *= 2
    return estimate
