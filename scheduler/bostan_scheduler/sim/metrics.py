"""What a run comes to: completion and waiting times, utilisation, preemptions, fairness, and what was lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bostan_scheduler.sim.records import JobRecord, Records


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some times in seconds. `p99` is the one that 99 of 100 do not exceed: `sorted[int(0.99 n)]`."""

    mean: float
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of values; zeros when there are none."""
        if not values:
            return cls(0.0, 0.0, 0.0, 0.0)
        ordered, n = sorted(values), len(values)
        return cls(fmean(ordered), ordered[n // 2], ordered[int(0.99 * n)], ordered[-1])


@dataclass(frozen=True, slots=True)
class FirmShare:
    """How a firm fared. `slowdown` is the mean of completion time over run time alone; `jct` and `queued` in seconds."""

    firm: str
    jobs: int
    jct: float
    queued: float
    slowdown: float
    gpu_seconds: float
    share: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """Times in seconds. `utilisation` is GPU time held over GPU time there; `goodput` the part that was of use."""

    jobs: int
    done: int
    unfinished: int
    jct: Spread
    wait: Spread
    queued: Spread
    makespan: float
    utilisation: float
    goodput: float
    attempts: int
    preemptions: int
    gpu_seconds: float
    restart_gpu_seconds: float
    lost_gpu_seconds: float
    firms: tuple[FirmShare, ...]


def metrics(records: Records) -> Metrics:
    """What the records come to."""
    ended = [job for job in records.jobs if job.end_at is not None]
    done = [job for job in ended if job.outcome == "succeeded"]
    held, restart, lost = (
        (sum(parts) for parts in zip(*map(_gpu_seconds, records.jobs), strict=True))
        if records.jobs
        else (0.0, 0.0, 0.0)
    )
    makespan = (max((job.end_at or 0 for job in ended), default=records.start_at) - records.start_at) / 1000
    there = sum(records.gpus.values()) * makespan
    return Metrics(
        jobs=len(records.jobs),
        done=len(done),
        unfinished=len(records.jobs) - len(ended),
        jct=Spread.of([jct(job) for job in done]),
        wait=Spread.of([_wait(job) for job in records.jobs if job.first_start_at is not None]),
        queued=Spread.of([queued(job) for job in done]),
        makespan=makespan,
        utilisation=held / there if there else 0.0,
        goodput=(held - restart - lost) / there if there else 0.0,
        attempts=sum(job.attempts for job in records.jobs),
        preemptions=sum(job.preemptions for job in records.jobs),
        gpu_seconds=held,
        restart_gpu_seconds=restart,
        lost_gpu_seconds=lost,
        firms=tuple(_firm(firm, records, held) for firm in sorted({job.firm for job in records.jobs})),
    )


def jct(job: JobRecord) -> float:
    """From submission to the end."""
    assert job.end_at is not None, f"{job.id} has not ended"
    return (job.end_at - job.submit_at) / 1000


def queued(job: JobRecord) -> float:
    """All the time that it held nothing."""
    return jct(job) - job.held_milliseconds / 1000


def _wait(job: JobRecord) -> float:
    assert job.first_start_at is not None
    return (job.first_start_at - job.submit_at) / 1000


def _gpu_seconds(job: JobRecord) -> tuple[float, float, float]:
    """Held, of that restarting, and of that lost."""
    times = (job.held_milliseconds, job.restart_milliseconds, job.lost_milliseconds)
    held, restart, lost = (job.gpus * one / 1000 for one in times)
    return held, restart, lost


def _firm(firm: str, records: Records, all_held: float) -> FirmShare:
    jobs = [job for job in records.jobs if job.firm == firm]
    done = [job for job in jobs if job.outcome == "succeeded"]
    held = sum(_gpu_seconds(job)[0] for job in jobs)
    return FirmShare(
        firm=firm,
        jobs=len(jobs),
        jct=Spread.of([jct(job) for job in done]).mean,
        queued=Spread.of([queued(job) for job in done]).mean,
        slowdown=Spread.of([jct(job) * 1000 / job.run_milliseconds for job in done]).mean,
        gpu_seconds=held,
        share=held / all_held if all_held else 0.0,
    )
