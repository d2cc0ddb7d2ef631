"""Whether a gang could ever be held: by the GPUs of a park's nodes, and by their CPUs and memory, busy or not."""

from collections.abc import Iterator

from bostan_scheduler.core.job import WHOLE_GPU, RankNeeds, Shape
from bostan_scheduler.core.room import Ledger, PoolSize
from bostan_scheduler.core.room.node_room import NodeRoom


def enough_gpus(pool: PoolSize, shape: Shape) -> bool:
    """Whether the nodes of a pool, all idle, have the GPUs of the gang."""
    return pool.ranks(shape.rank.gpus) * _parts(shape.rank) >= shape.replicas


def enough_nodes(ledger: Ledger, shape: Shape, gpu_class: str | None) -> bool:
    """Whether the nodes of some park that the job allows, all idle, have its GPUs with the CPUs and memory beside them."""
    if shape.rank.cpus is None and shape.rank.memory_bytes is None:
        return True
    fit: dict[str, int] = {}
    for park, ranks in _ranks(ledger, shape, gpu_class):
        fit[park] = fit.get(park, 0) + ranks
        if fit[park] >= shape.replicas:
            return True
    return False


def _ranks(ledger: Ledger, shape: Shape, gpu_class: str | None) -> Iterator[tuple[str, int]]:
    for room in ledger.rooms.values():
        if shape.parks.admit(room.node.park):
            yield room.node.park, _ranks_on(room, shape.rank, gpu_class)


def _ranks_on(room: NodeRoom, needs: RankNeeds, gpu_class: str | None) -> int:
    limits = []
    if gpu_class is not None:
        limits.append(len(room.by_class.get(gpu_class, ())) // needs.gpus * _parts(needs))
    if needs.cpus is not None:
        limits.append(room.node.cpus // needs.cpus)
    if needs.memory_bytes is not None:
        limits.append(room.node.memory_bytes // needs.memory_bytes)
    return min(limits)


def _parts(needs: RankNeeds) -> int:
    """How many ranks share a GPU."""
    return WHOLE_GPU // needs.gpu_milli
