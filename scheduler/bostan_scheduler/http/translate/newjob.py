"""From a request for a job to the core's value: what the contract's types leave open is checked here."""

from collections.abc import Iterator

from bostan import api
from bostan.fieldtypes import whole_class
from bostan.jobfile.fields import env_name_finding

from bostan_scheduler.core.job import WHOLE_GPU, Blob, JobSpec, ParkRules, Qos, RankNeeds, Retries
from bostan_scheduler.http.problems import Problem, invalid, raise_all

BYTES_MAX = 2**53
"""More than any machine has, and exact in every number format on the way."""


def job_spec(job: api.NewJob, at: str = "") -> JobSpec:
    """The job as the core takes it; `at` is where it stands in the body. Raises Problem."""
    raise_all(_problems(job, at))
    archive, rank, parks, retries = job.work_dir, job.rank, job.parks, job.retries
    return JobSpec(
        name=job.name,
        firm=job.firm,
        project=job.project,
        command=job.command,
        env=tuple(sorted(job.env.items())),
        work_dir=Blob(archive.sha256, archive.size_bytes) if archive else None,
        replicas=job.replicas,
        rank=RankNeeds(rank.gpus, rank.cpus, rank.memory_bytes, rank.gpu_milli),
        gpu_classes=job.gpu_classes,
        min_gpu_memory_bytes=job.min_gpu_memory_bytes,
        time_limit_seconds=job.time_limit_seconds,
        parks=ParkRules(parks.allow, parks.deny, parks.prefer),
        checkpoint_on_signal=job.checkpoint_on_signal,
        checkpoint_grace_seconds=job.checkpoint_grace_seconds,
        stop_grace_seconds=job.stop_grace_seconds,
        retries=Retries(retries.node_lost, retries.start_failed, retries.exit),
        lease_seconds=job.lease_seconds,
        qos=Qos(job.qos),
        estimate_seconds=job.estimate_seconds,
        speeds=tuple(sorted(job.speeds.items())),
    )


def _problems(job: api.NewJob, at: str) -> Iterator[Problem]:
    yield from _unstartable(job, at)
    yield from _contradictions(job, at)


def _unstartable(job: api.NewJob, at: str) -> Iterator[Problem]:
    """What no process could be started with, and numbers beyond all machines."""
    if not job.name.isprintable():
        yield invalid(f"{at}name", "name: holds characters that cannot be shown", "use letters and digits")
    for place, argument in enumerate(job.command):
        if "\0" in argument:
            yield invalid(f"{at}command.{place}", "command: an argument holds a NUL", "remove it")
    for name, value in job.env.items():
        wrong = env_name_finding(name)
        if wrong is not None:
            yield invalid(f"{at}env.{name[:128]}", f"env.{name[:128]}: {wrong.problem}", wrong.remedy)
        if "\0" in value:
            yield invalid(f"{at}env.{name}", f"env.{name}: holds a NUL", "remove it")
    sizes = {
        "rank.memory_bytes": job.rank.memory_bytes,
        "min_gpu_memory_bytes": job.min_gpu_memory_bytes,
        "work_dir.size_bytes": job.work_dir.size_bytes if job.work_dir else None,
    }
    for field, size in sizes.items():
        if size is not None and size > BYTES_MAX:
            yield invalid(f"{at}{field}", f"{field}: is beyond every machine", f"at most {BYTES_MAX}")


def _contradictions(job: api.NewJob, at: str) -> Iterator[Problem]:
    """What the planner could make nothing of."""
    rank = job.rank
    if rank.gpu_milli < WHOLE_GPU and rank.gpus != 1:
        detail = f"rank.gpu_milli: is a part of one GPU, and rank.gpus is {rank.gpus}"
        yield invalid(f"{at}rank.gpu_milli", detail, "ask for one GPU, or leave gpu_milli out")
    if rank.gpu_milli < WHOLE_GPU and any(whole_class(one) != one for one in job.gpu_classes):
        detail = "rank.gpu_milli: is a part of a whole GPU, and gpu_classes names a slice of one"
        yield invalid(f"{at}rank.gpu_milli", detail, "ask for the slice alone, or for a part of a whole GPU")
    if job.speeds and not rank.gpus:
        yield invalid(f"{at}speeds", "speeds: is given for a job without GPUs", "leave it out")
    if job.estimate_seconds is not None and job.estimate_seconds > job.time_limit_seconds:
        detail = f"estimate_seconds: is more than the time limit of {job.time_limit_seconds} s"
        yield invalid(f"{at}estimate_seconds", detail, "raise the time limit, or lower the estimate")
