"""Futures played as Ray tasks, beside the leader and never before it: each takes a core of its own and waits for the rest."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import ray
import structlog

from bostan_scheduler.sim.forecast.case import Case
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.play import Start, starts

log = structlog.get_logger()

NICENESS = 10
OVERTIME_SECONDS = 15.0
"""Beyond the time that the playing itself may take: for the processes that play to begin, and to be heard of."""


def tasks_at_once() -> int:
    """Half of the cores: the leader, the fronts and whatever else is there have the others."""
    return max(1, (os.cpu_count() or 2) // 2)


async def play(case: Case, groups: Sequence[Sequence[int]], limits: ForecastLimits) -> list[Start]:
    """The starts of all groups that ended in time; what takes longer is ended."""
    remote: Any = ray.remote
    task = remote(num_cpus=1, max_retries=0)(_play)
    shared = ray.put(case)
    running = [task.remote(shared, list(seeds), limits) for seeds in groups]
    done = await asyncio.gather(*(_value(one, limits) for one in running))
    return [start for found in done for start in found]


async def _value(reference: Any, limits: ForecastLimits) -> list[Start]:
    try:
        async with asyncio.timeout(limits.wall_seconds + OVERTIME_SECONDS):
            found: list[Start] = await reference
    except (ray.exceptions.RayError, TimeoutError) as error:
        log.warning("futures were not played", error=type(error).__name__)
        ray.cancel(reference, force=True)
        return []
    return found


def _play(case: Case, seeds: list[int], limits: ForecastLimits) -> list[Start]:
    os.nice(max(0, NICENESS - os.nice(0)))
    return starts(case, seeds, limits)
