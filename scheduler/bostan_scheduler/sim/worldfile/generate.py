"""Generated work: Poisson arrivals, log-normal run times, sizes and firms by weight. The same seed gives the same jobs."""

import random
from collections.abc import Iterator
from math import exp, log

from bostan.errors import BostanError

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.world import YEARS_10
from bostan_scheduler.sim.worldfile.fields import JOBS_MAX
from bostan_scheduler.sim.worldfile.work import Generator, JobKind, JobLine

GIB = 2**30


class TooManyJobs(BostanError):
    """A generator makes more jobs than a world may have."""

    exit_code = 2


def generate(line: Generator, seed: int, number: int) -> Iterator[Asked]:
    """The jobs of the generator that stands at `number`. Raises `TooManyJobs`."""
    draws = random.Random(f"{seed}/{number}")  # noqa: S311 - nothing secret
    made, now = 0, line.from_hours * 3600
    while (now := now + draws.expovariate(line.arrivals_per_hour / 3600)) < (
        line.from_hours + line.hours
    ) * 3600:
        made += 1
        if made > JOBS_MAX:
            raise TooManyJobs(
                f"workload[{number}] makes more than {JOBS_MAX} jobs", "make it shorter or thinner"
            )
        yield _drawn(line, draws, now)


def _drawn(line: Generator, draws: random.Random, now: float) -> Asked:
    run = min(line.run.most_seconds, exp(draws.gauss(log(line.run.median_seconds), line.run.sigma)))
    size = draws.choices(line.sizes, [one.weight for one in line.sizes])[0]
    firm = draws.choices(list(line.firms), list(line.firms.values()))[0]
    factor = line.time_limit_factor
    limit = YEARS_10 if factor is None else max(1, round(run * factor))
    return _asked(line, now, max(0.001, run), size.gpus, firm, limit)


def listed(line: JobLine) -> Iterator[Asked]:
    """The jobs of one line."""
    limit = line.time_limit_seconds or YEARS_10
    for _ in range(line.count):
        yield _asked(
            line,
            line.at_seconds,
            line.run_seconds,
            line.gpus,
            line.firm,
            limit,
            line.gpu_milli,
            line.estimate_seconds,
        )


def _asked(
    kind: JobKind,
    submit_seconds: float,
    run_seconds: float,
    gpus: int,
    firm: str,
    time_limit_seconds: int,
    gpu_milli: int = 1000,
    estimate_seconds: int | None = None,
) -> Asked:
    return Asked(
        submit_seconds=submit_seconds,
        run_seconds=run_seconds,
        gpus=gpus,
        name=kind.name,
        firm=firm,
        project=kind.project,
        gpu_milli=gpu_milli,
        gpu_classes=kind.gpu_classes,
        speeds=tuple(sorted(kind.speeds.items())),
        cpus=kind.cpus,
        memory_bytes=kind.memory_gib * GIB if kind.memory_gib is not None else None,
        qos=kind.qos,
        checkpoints=kind.checkpoints,
        time_limit_seconds=time_limit_seconds,
        estimate_seconds=estimate_seconds,
    )
