"""How it looks in each park for a waiting job: what is there, what is free, what is kept, and what is missing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bostan_scheduler.core.job import Job, ParkRules, Shape
from bostan_scheduler.core.planning.judge import classes_of
from bostan_scheduler.core.room import PoolSize
from bostan_scheduler.core.waits import Wait
from bostan_scheduler.core.why.look import Look
from bostan_scheduler.core.why.reasons import no_room, nowhere

ROWS_MAX = 100


@dataclass(frozen=True, slots=True)
class ParkRow:
    """One class in one park. `set_aside` are free GPUs that the job must leave to windows and reservations.

    `allowed`: the job's rules let it run there. `lacks` is what is missing there for it, quota aside; None: nothing.
    `held_by` are the firms that hold the rest, with how many GPUs.
    """

    park: str
    gpu_class: str
    allowed: bool
    gpus: int
    free: int
    set_aside: int
    nodes: int
    nodes_away: int
    lacks: Wait | None
    held_by: tuple[tuple[str, int], ...] = ()


def park_rows(look: Look, job: Job) -> tuple[ParkRow, ...]:
    """The rows of the classes that the job takes; the parks that it allows first, of these the emptiest."""
    classes = [one for one in classes_of(look.desk, job.shape) if one is not None]
    rows = [row for gpu_class in classes for row in _rows(look, job, gpu_class)]
    rows.sort(key=lambda row: (not row.allowed, -row.free, row.park, row.gpu_class))
    return tuple(
        replace(row, lacks=_lacks(look, job, row), held_by=_held_by(look, row)) for row in rows[:ROWS_MAX]
    )


def _rows(look: Look, job: Job, gpu_class: str) -> Iterator[ParkRow]:
    """Without what takes longest to tell."""
    aside = _set_aside(look, job.shape, gpu_class)
    for park, pool in look.pools(gpu_class).items():
        yield _row(park, gpu_class, pool, aside[park], job.shape)


def _set_aside(look: Look, shape: Shape, gpu_class: str) -> Counter[str]:
    """By park, the free GPUs that the job must leave alone."""
    aside, limits = Counter[str](), look.limits(shape, gpu_class)
    for state, bucket in look.desk.room.buckets.of_class.get(gpu_class, {}).items() if limits else ():
        for park, nodes in bucket.nodes.items():
            for node_id in nodes if (free := state.whole(gpu_class)) else ():
                if limits is not None and (limit := limits.on(node_id)) is not None:
                    aside[park] += max(0, free - limit)
    return aside


def _row(park: str, gpu_class: str, pool: PoolSize, set_aside: int, shape: Shape) -> ParkRow:
    return ParkRow(
        park=park,
        gpu_class=gpu_class,
        allowed=shape.parks.admit(park),
        gpus=pool.gpus,
        free=pool.free,
        set_aside=set_aside,
        nodes=pool.nodes,
        nodes_away=pool.nodes_away,
        lacks=None,
    )


def _held_by(look: Look, row: ParkRow) -> tuple[tuple[str, int], ...]:
    """Whoever holds most comes first."""
    held = look.desk.running.holders.of(row.park, row.gpu_class)
    return tuple(sorted(held.items(), key=lambda one: (-one[1], one[0])))


def _lacks(look: Look, job: Job, row: ParkRow) -> Wait | None:
    """As if the job could run in this park alone."""
    shape = replace(job.shape, parks=ParkRules(allow=(row.park,)))
    return nowhere(look, shape, row.gpu_class) or no_room(look, shape, row.gpu_class)
