"""Whether a gang could ever be held: by the GPUs of a park's nodes, and by their CPUs and memory, busy or not."""

from collections import Counter
from collections.abc import Collection, Iterator

from bostan_scheduler.core.job import WHOLE_GPU, RankNeeds, Shape
from bostan_scheduler.core.room.kinds import Kind
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.pool import PoolSize


def parks_of(shape: Shape, known: Collection[str]) -> Iterator[str]:
    """Those of some parks that the shape allows."""
    rules = shape.parks
    if rules.allow:
        return (park for park in dict.fromkeys(rules.allow) if park in known and rules.admit(park))
    return (park for park in known if park not in rules.deny)


def ever_fits(ledger: Ledger, shape: Shape, gpu_class: str | None) -> bool:
    """Whether some park that the job allows, were all its nodes idle, would hold it."""
    if gpu_class is not None:
        pools = ledger.pools_of(gpu_class)
        if not any(enough_gpus(pools[park], shape) for park in parks_of(shape, pools)):
            return False
    return enough_nodes(ledger, shape, gpu_class)


def enough_gpus(pool: PoolSize, shape: Shape) -> bool:
    """Whether the nodes of a pool, all idle, have the GPUs of the gang."""
    return pool.ranks(shape.rank.gpus) * _parts(shape.rank) >= shape.replicas


def enough_nodes(ledger: Ledger, shape: Shape, gpu_class: str | None) -> bool:
    """Whether the nodes of some park that the job allows, all idle, have its GPUs with the CPUs and memory beside them."""
    if shape.rank.cpus is None and shape.rank.memory_bytes is None:
        return True
    parks = ledger.kinds.of(gpu_class)
    return any(_ranks(parks[park], shape.rank) >= shape.replicas for park in parks_of(shape, parks))


def _ranks(kinds: Counter[Kind], needs: RankNeeds) -> int:
    return sum(nodes * _ranks_on(kind, needs) for kind, nodes in kinds.items())


def _ranks_on(kind: Kind, needs: RankNeeds) -> int:
    gpus, cpus, memory_bytes = kind
    limits = []
    if needs.gpus:
        limits.append(gpus // needs.gpus * _parts(needs))
    if needs.cpus is not None:
        limits.append(cpus // needs.cpus)
    if needs.memory_bytes is not None:
        limits.append(memory_bytes // needs.memory_bytes)
    return min(limits)


def _parts(needs: RankNeeds) -> int:
    """How many ranks share a GPU."""
    return WHOLE_GPU // needs.gpu_milli
