"""Small simulated worlds: equal nodes of one class, jobs as (submit, run, GPUs), and what became of each, in seconds."""

from collections.abc import Iterable
from dataclasses import replace

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.order import Fifo
from bostan_scheduler.core.snapshot import Firm, Settings
from bostan_scheduler.sim import Model, Records, World, simulate
from bostan_scheduler.sim.asked import Asked, works
from bostan_scheduler.sim.faults import Fault
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota, snapshot
from bostan_scheduler.sim.world import SETTINGS, START

USUAL = Model()
FIFO = replace(SETTINGS, order=Fifo())


def at(seconds: int) -> Instant:
    """So long after the beginning."""
    return after(START, seconds)


def small_world(
    nodes: int,
    gpus: int,
    jobs: Iterable[tuple[int, int, int] | Asked],
    *,
    faults: Iterable[Fault] = (),
    model: Model = USUAL,
    settings: Settings = FIFO,
) -> World:
    """Nodes of so many A100, one firm or those that the jobs name, no guarantee for anybody, first come first served."""
    pool = Pool((Nodes(nodes, gpus, "a100"),), {})
    asked = [one if isinstance(one, Asked) else Asked(*one) for one in jobs]
    firms = sorted({one.firm for one in asked})
    start = snapshot(pool, map(Firm, firms), open_quota(pool, firms), settings)
    return World(start, works(asked, START, gpus), tuple(faults), model)


def lived(world: World) -> list[tuple[int | None, int | None]]:
    """When each job first started and when it ended, in seconds; every invariant is asserted on the way."""
    return [(_seconds(job.first_start_at), _seconds(job.end_at)) for job in records_of(world).jobs]


def records_of(world: World) -> Records:
    """The records of a world, every invariant asserted on the way."""
    return simulate(world, check=True)


def _seconds(instant: Instant | None) -> int | None:
    return None if instant is None else (instant - START) // 1000


def with_limit(asked: Asked, seconds: int) -> Asked:
    """The same job with a time limit."""
    return replace(asked, time_limit_seconds=seconds)
