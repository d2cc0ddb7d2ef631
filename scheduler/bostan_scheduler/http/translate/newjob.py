"""From a request for a job to the core's value: what the contract's types leave open is checked here."""

from collections.abc import Iterator

from bostan import api

from bostan_scheduler.core.job import Blob, JobSpec, ParkRules, RankNeeds, Retries
from bostan_scheduler.http.problems import Problem, invalid

BYTES_MAX = 2**53
"""More than any machine has, and exact in every number format on the way."""


def job_spec(job: api.NewJob, at: str = "") -> JobSpec:
    """The job as the core takes it; `at` is where it stands in the body. Raises Problem."""
    problem = next(_problems(job, at), None)
    if problem is not None:
        raise problem
    archive, rank, parks, retries = job.work_dir, job.rank, job.parks, job.retries
    return JobSpec(
        name=job.name,
        firm=job.firm,
        project=job.project,
        command=job.command,
        env=tuple(sorted(job.env.items())),
        work_dir=Blob(archive.sha256, archive.size_bytes) if archive else None,
        replicas=job.replicas,
        rank=RankNeeds(rank.gpus, rank.cpus, rank.memory_bytes),
        gpu_classes=job.gpu_classes,
        min_gpu_memory_bytes=job.min_gpu_memory_bytes,
        time_limit_seconds=job.time_limit_seconds,
        parks=ParkRules(parks.allow, parks.deny, parks.prefer),
        checkpoint_on_signal=job.checkpoint_on_signal,
        checkpoint_grace_seconds=job.checkpoint_grace_seconds,
        stop_grace_seconds=job.stop_grace_seconds,
        retries=Retries(retries.node_lost, retries.start_failed, retries.exit),
        lease_seconds=job.lease_seconds,
    )


def _problems(job: api.NewJob, at: str) -> Iterator[Problem]:
    """What no process could be started with, and numbers beyond all machines."""
    if not job.name.isprintable():
        yield invalid(f"{at}name", "name: holds characters that cannot be shown", "use letters and digits")
    for place, argument in enumerate(job.command):
        if "\0" in argument:
            yield invalid(f"{at}command.{place}", "command: an argument holds a NUL", "remove it")
    for name, value in job.env.items():
        if not name or "=" in name or "\0" in name + value:
            yield invalid(f"{at}env", f"env: {name[:50]!r} cannot be set", "use NAME=VALUE without NUL")
    sizes = {
        "rank.memory_bytes": job.rank.memory_bytes,
        "min_gpu_memory_bytes": job.min_gpu_memory_bytes,
        "work_dir.size_bytes": job.work_dir.size_bytes if job.work_dir else None,
    }
    for field, size in sizes.items():
        if size is not None and size > BYTES_MAX:
            yield invalid(f"{at}{field}", f"{field}: is beyond every machine", f"at most {BYTES_MAX}")
