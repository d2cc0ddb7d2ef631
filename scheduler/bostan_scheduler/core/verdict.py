"""The verdict on one shape: where it starts now, or every reason why it does not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import RankNeeds, Shape
from bostan_scheduler.core.ledger import Ledger, PoolSize
from bostan_scheduler.core.placement import Placement, place
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.waits import Reason, Wait, wait


@dataclass(frozen=True, slots=True)
class Fits:
    """It starts now, on GPUs of this class."""

    gpu_class: str | None
    placement: Placement


@dataclass(frozen=True, slots=True)
class Waits:
    """It does not start now: the reasons, the main one first."""

    waits: tuple[Wait, ...]


Verdict = Fits | Waits
Pools = Mapping[str, PoolSize]


@dataclass(frozen=True, slots=True)
class Room:
    """The two ledgers of a plan."""

    ledger: Ledger
    quotas: QuotaLedger
    now: Instant


def judge(room: Room, leaf: QuotaNode, shape: Shape) -> Verdict:
    """Try the classes in the order of preference; the first one that is allowed and has room is taken."""
    refusals = tuple(_too_much(leaf, shape))
    if refusals:
        return Waits(refusals)
    if shape.rank.gpus == 0:
        return _judge_without_gpus(room, shape)
    waits: list[Wait] = []
    for gpu_class in shape.gpu_classes or tuple(room.ledger.classes(shape.min_gpu_memory_bytes)):
        verdict = _judge_class(room, leaf, shape, gpu_class)
        if isinstance(verdict, Fits):
            return verdict
        waits.append(verdict)
    return Waits(_ranked(waits) or (_no_such_gpu(shape, "any GPU", {}),))


def _judge_without_gpus(room: Room, shape: Shape) -> Verdict:
    placement = place(room.ledger, shape, None)
    if placement is not None:
        return Fits(None, placement)
    numbers = {"cpus": shape.rank.cpus or 0, "memory_bytes": shape.rank.memory_bytes or 0}
    return Waits((wait(Reason.CPUS_OR_MEMORY, gpu_class="nothing else", **numbers),))


def _judge_class(room: Room, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Fits | Wait:
    """Quota first, since it is what an administrator set; then whether there is room."""
    never = _never(room.ledger, leaf, shape, gpu_class) or _over_quota(room, leaf, shape, gpu_class)
    if never is not None:
        return never
    placement = place(room.ledger, shape, gpu_class)
    return Fits(gpu_class, placement) if placement is not None else _no_room(room.ledger, shape, gpu_class)


def _too_much(leaf: QuotaNode, shape: Shape) -> Iterator[Wait]:
    if leaf.max_job_gpus is not None and shape.gpus > leaf.max_job_gpus:
        yield wait(Reason.JOB_TOO_LARGE, asks=shape.gpus, quota=leaf.id, allows=leaf.max_job_gpus)
    if leaf.max_job_hours is not None and shape.time_limit_seconds > leaf.max_job_hours * 3600:
        asks_hours = -(-shape.time_limit_seconds // 3600)
        yield wait(Reason.JOB_TOO_LONG, asks_hours=asks_hours, quota=leaf.id, allows_hours=leaf.max_job_hours)


def _never(ledger: Ledger, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait | None:
    """What no waiting will cure: the class is not in the quota, or no park could ever hold the gang."""
    if leaf.of_class(gpu_class).limit == Gpus(0):
        return wait(Reason.CLASS_NOT_IN_QUOTA, firm=shape.firm, gpu_class=gpu_class)
    pools = ledger.pools_of(gpu_class)
    if not any(_could_hold(pool, shape) for pool in pools.values()):
        return _no_such_gpu(shape, gpu_class, pools)
    if not any(_could_hold(pool, shape) for park, pool in pools.items() if shape.parks.admit(park)):
        return wait(Reason.PARK_RULES, gpu_class=gpu_class)
    return None


def _could_hold(pool: PoolSize, shape: Shape) -> bool:
    return pool.ranks(shape.rank.gpus) >= shape.replicas


def _no_such_gpu(shape: Shape, gpu_class: str, pools: Pools) -> Wait:
    has = max((pool.gpus for pool in pools.values()), default=0)
    asks = {"replicas": shape.replicas, "asks_per_node": shape.rank.gpus}
    return wait(Reason.NO_SUCH_GPU, gpu_class=gpu_class, has=has, **asks)


def _over_quota(room: Room, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Wait | None:
    available = room.quotas.available(leaf, gpu_class)
    if Gpus(shape.gpus) <= available:
        return None
    return wait(
        Reason.QUOTA,
        quota=leaf.id,
        gpu_class=gpu_class,
        uses=room.quotas.used[leaf.id, gpu_class].count,
        limit=str(leaf.of_class(gpu_class).limit),
        asks=shape.gpus,
        available=available.count,
    )


def _no_room(ledger: Ledger, shape: Shape, gpu_class: str) -> Wait:
    pools = [pool for park, pool in ledger.pools_of(gpu_class).items() if shape.parks.admit(park)]
    free, has = sum(pool.free for pool in pools), sum(pool.gpus for pool in pools)
    away, nodes = sum(pool.nodes_away for pool in pools), sum(pool.nodes for pool in pools)
    if free < shape.gpus and away:
        return wait(Reason.NODES_AWAY, away=away, nodes=nodes, gpu_class=gpu_class)
    if free < shape.gpus:
        return wait(Reason.GPUS_BUSY, free=free, has=has, gpu_class=gpu_class, asks=shape.gpus)
    if place(ledger, replace(shape, rank=RankNeeds(shape.rank.gpus)), gpu_class) is not None:
        needs = {"cpus": shape.rank.cpus or 0, "memory_bytes": shape.rank.memory_bytes or 0}
        return wait(Reason.CPUS_OR_MEMORY, gpu_class=gpu_class, **needs)
    return wait(
        Reason.GPUS_SCATTERED,
        free=free,
        gpu_class=gpu_class,
        asks_per_node=shape.rank.gpus,
        replicas=shape.replicas,
    )


_SEVERITY = {reason: position for position, reason in enumerate(Reason)}
_PASSING = (Reason.QUOTA, Reason.NODES_AWAY, Reason.GPUS_BUSY, Reason.GPUS_SCATTERED, Reason.CPUS_OR_MEMORY)


def _ranked(waits: list[Wait]) -> tuple[Wait, ...]:
    """What time may cure comes first: of several classes, the one that it will start on is what to tell."""
    return tuple(sorted(waits, key=lambda one: (one.reason not in _PASSING, _SEVERITY[one.reason])))
