"""The figures of a run, by the definitions of the published results; and what each is held against."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from bostan_scheduler.sim.metrics import Spread, jct
from bostan_scheduler.sim.records import JobRecord, Records

from benchmarks.report import Result, shown

UNITS = {"seconds": "s", "hours": "h", "percent": "%", "rho": "ratio", "ratio": "ratio"}
HOUR = 3600
UNFAIR_RHO = 1.05
QUEUE_LEAST_SECONDS = 1.0

Values = Mapping[str, float]
"""Figures by metric. A metric ends in its unit."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What figures are held against: those of a named peer, and those to reach."""

    peer: str | None = None
    values: Values = field(default_factory=dict)
    targets: Values = field(default_factory=dict)


def results(case: str, values: Values, beside: Beside) -> Iterable[Result]:
    """One result for each figure; less is better for all of them."""
    for metric, value in values.items():
        peer = beside.values.get(metric)
        name = beside.peer if peer is not None else None
        unit = UNITS[metric.rpartition("_")[2]]
        yield Result(case, metric, value, unit, "lower", beside.targets.get(metric), name, peer)


def told(measured: Iterable[Result]) -> Iterator[Result]:
    """The same, each said on standard error as soon as it is there: a long bench that is cut short has said something."""
    for one in measured:
        print(f"{one.case}: {one.metric} {shown(one.value)}", file=sys.stderr, flush=True)
        yield one


def completion(jobs: Sequence[JobRecord]) -> dict[str, float]:
    """Completion times, from submission to the end: their mean, and `sorted[int(0.99 n)]`."""
    spread = Spread.of([jct(job) for job in jobs])
    return {"avg_jct_seconds": spread.mean, "p99_jct_seconds": spread.p99}


def completion_hours(jobs: Sequence[JobRecord]) -> dict[str, float]:
    """The mean completion time in hours."""
    return {"avg_jct_hours": fmean(map(jct, jobs)) / HOUR}


def makespan(records: Records) -> dict[str, float]:
    """From the beginning of time, not from the first submission, to the last end."""
    last = max(job.end_at for job in records.jobs if job.end_at is not None)
    return {"makespan_seconds": (last - records.start_at) / 1000}


def fairness(jobs: Sequence[JobRecord], isolated_seconds: Values, gpus: int) -> dict[str, float]:
    """Finish-time fairness: rho is the completion time over what it would be in an equal share of the pool.

    In such a share a job takes its isolated run time, by job id, times all jobs over all GPUs. More than 1.05 is unfair.
    """
    contention = max(1.0, len(jobs) / gpus)
    rhos = [jct(job) / (isolated_seconds[job.id] * contention) for job in jobs]
    unfair = sum(rho > UNFAIR_RHO for rho in rhos)
    return {"worst_rho": max(rhos), "unfair_percent": 100 * unfair / len(jobs)}


def queues(jobs: Iterable[JobRecord]) -> dict[str, float]:
    """By firm, the mean of all the time that its jobs took beyond their own run time, in seconds."""
    waits: dict[str, list[float]] = {}
    for job in jobs:
        waits.setdefault(job.firm, []).append(jct(job) - job.run_milliseconds / 1000)
    return {firm: fmean(each) for firm, each in waits.items()}


def worst_ratio(shared: Values, alone: Values) -> float:
    """By how much the mean queue of a firm has grown at most by sharing; under a second counts as a second."""
    return max(wait / max(alone[firm], QUEUE_LEAST_SECONDS) for firm, wait in shared.items())
