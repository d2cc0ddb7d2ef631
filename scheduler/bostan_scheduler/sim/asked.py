"""Jobs as a trace or a generator has them, and what becomes of them: work for a pool, with an estimate for the core."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, exp

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import JobSpec, Qos, RankNeeds, Retries
from bostan_scheduler.sim.world import YEARS_10, Work

RETRIES = Retries(node_lost=1_000_000, start_failed=1_000_000)
"""A simulated job is tried until it is done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One job of a trace: how many GPUs for how long at speed 1. `run_seconds` is the truth."""

    submit_seconds: float
    run_seconds: float
    gpus: int
    name: str = "job"
    firm: str = "firm"
    project: str | None = None
    gpu_milli: int = 1000
    gpu_classes: tuple[str, ...] = ()
    speeds: tuple[tuple[str, float], ...] = ()
    cpus: int | None = None
    memory_bytes: int | None = None
    qos: Qos = Qos.STANDARD
    checkpoints: bool = True
    time_limit_seconds: int = YEARS_10
    estimate_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the core is told of run times: `run * exp(sigma * N(0, 1))`, one draw a job in the order of submission.

    Without a sigma it is told what the jobs say themselves if `of_jobs`, and else nothing.
    """

    sigma: float | None = 0.0
    seed: int = 1
    of_jobs: bool = False

    def of(self, asked: Iterable[Asked]) -> Iterator[tuple[Asked, int | None]]:
        """Each job with its estimate in whole seconds, at least one."""
        draws = random.Random(self.seed)  # noqa: S311 - nothing secret
        for one in asked:
            if self.sigma is None:
                yield one, one.estimate_seconds if self.of_jobs else None
            else:
                yield one, max(1, round(one.run_seconds * exp(self.sigma * draws.gauss(0, 1))))


PERFECT = Estimates()


def works(
    asked: Iterable[Asked], start_at: Instant, node_gpus: int, estimates: Estimates = PERFECT
) -> tuple[Work, ...]:
    """The jobs in the order of submission, each as a gang for nodes of so many GPUs."""
    ordered = sorted(asked, key=lambda one: one.submit_seconds)
    width = max(5, len(str(len(ordered))))
    return tuple(
        Work(
            id=f"j{number:0{width}}",
            submit_at=start_at + round(one.submit_seconds * 1000),
            run_milliseconds=max(1, ceil(one.run_seconds * 1000)),
            spec=_spec(one, node_gpus, estimate),
        )
        for number, (one, estimate) in enumerate(estimates.of(ordered))
    )


def _spec(asked: Asked, node_gpus: int, estimate: int | None) -> JobSpec:
    replicas, gpus = gang(asked.gpus, node_gpus)
    return JobSpec(
        name=asked.name,
        firm=asked.firm,
        project=asked.project,
        command=("simulated",),
        replicas=replicas,
        rank=RankNeeds(gpus, asked.cpus, asked.memory_bytes, asked.gpu_milli),
        gpu_classes=asked.gpu_classes,
        time_limit_seconds=asked.time_limit_seconds,
        checkpoint_on_signal=asked.checkpoints,
        retries=RETRIES,
        qos=asked.qos,
        estimate_seconds=estimate,
        speeds=asked.speeds,
    )


def gang(gpus: int, node_gpus: int) -> tuple[int, int]:
    """Ranks and GPUs of each: one rank where a node is large enough, else as few equal ones as there can be."""
    if gpus <= node_gpus:
        return 1, gpus
    per_rank = next(size for size in range(node_gpus, 0, -1) if gpus % size == 0)
    return gpus // per_rank, per_rank
