"""Builds the pool of a world: parks of equal nodes, and a quota tree for its firms."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bostan_scheduler.core.amount import NONE, UNLIMITED, Gpus
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.node import Gpu, Heard, Node
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park, Settings, Snapshot
from bostan_scheduler.sim.world import SETTINGS, START, YEARS_10

GIB = 2**30
ROOT = "root"


@dataclass(frozen=True, slots=True)
class Nodes:
    """So many equal nodes of a park."""

    count: int
    gpus: int
    gpu_class: str
    park: str = "park"
    memory_gib: int = 80
    cpus: int = 1024
    node_memory_gib: int = 65_536


@dataclass(frozen=True, slots=True)
class Pool:
    """The nodes, what their classes are worth, and when time begins."""

    nodes: tuple[Nodes, ...]
    classes: Mapping[str, ClassFacts]
    start_at: Instant = START

    def gpus(self) -> Counter[str]:
        """GPUs of each class."""
        total = Counter[str]()
        for one in self.nodes:
            total[one.gpu_class] += one.count * one.gpus
        return total

    def largest(self, classes: Sequence[str] = ()) -> int:
        """The most GPUs that one node has, of these classes or of any."""
        return max(one.gpus for one in self.nodes if not classes or one.gpu_class in classes)


def snapshot(pool: Pool, firms: Iterable[Firm], quota: QuotaTree, settings: Settings = SETTINGS) -> Snapshot:
    """The pool before any job."""
    machines = [node for number, one in enumerate(pool.nodes) for node in _machines(pool, number, one)]
    return Snapshot(
        now=pool.start_at,
        settings=settings,
        nodes={node.id: node for node in machines},
        heard={node.id: pool.start_at for node in machines},
        firms={firm.id: firm for firm in firms},
        parks={one.park: Park(one.park) for one in pool.nodes},
        quota=quota,
        classes=pool.classes,
    )


def _machines(pool: Pool, number: int, nodes: Nodes) -> list[Node]:
    return [_machine(pool, f"{nodes.gpu_class}-{number}-{place:04}", nodes) for place in range(nodes.count)]


def _machine(pool: Pool, name: str, nodes: Nodes) -> Node:
    of = nodes.gpu_class
    gpus = tuple(Gpu(f"{nodes.park}/{name}:{i}", of, nodes.memory_gib * GIB, of) for i in range(nodes.gpus))
    heard = Heard(pool.start_at)
    memory = nodes.node_memory_gib * GIB
    return Node(
        f"{nodes.park}/{name}", nodes.park, name, "boot-0", heard, gpus, nodes.cpus, memory, version=1
    )


def open_quota(pool: Pool, firms: Iterable[str]) -> QuotaTree:
    """No firm is guaranteed anything, and each may borrow all."""
    return shared_quota(pool, dict.fromkeys(firms, 0))


def shared_quota(pool: Pool, guaranteed: Mapping[str, int], *, borrows: bool = True) -> QuotaTree:
    """Each firm is guaranteed so many GPUs of every class; what is idle is lent, or with `borrows` false kept."""
    ever = after(pool.start_at, YEARS_10 * 10)
    classes = pool.gpus()
    root = QuotaNode(
        ROOT, None, None, 0, ever, {of: ClassQuota(Gpus(count), NONE, NONE) for of, count in classes.items()}
    )
    leaves = {
        firm: QuotaNode(firm, ROOT, firm, 0, ever, {of: _leaf(count, borrows) for of in classes})
        for firm, count in guaranteed.items()
    }
    return QuotaTree({ROOT: root, **leaves})


def _leaf(guaranteed: int, borrows: bool) -> ClassQuota:
    own = Gpus(guaranteed)
    return ClassQuota(own, UNLIMITED, own) if borrows else ClassQuota(own, NONE, NONE)
