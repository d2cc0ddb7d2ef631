"""What is free while one plan is drawn up: derived once from the snapshot, then updated in place."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import RankNeeds
from bostan_scheduler.core.node import Gpu, Node
from bostan_scheduler.core.snapshot import Snapshot

Pool = tuple[str, str]
"""A park and a GPU class."""


@dataclass(slots=True)
class NodeRoom:
    """What is free on one node: its GPUs by class, CPUs and memory."""

    node: Node
    free: dict[str, list[Gpu]]
    cpus: int
    memory_bytes: int
    ranks: int = 0

    def fits(self, gpu_class: str | None, needs: RankNeeds) -> int:
        """How many ranks of these needs fit."""
        limits = []
        if needs.gpus:
            limits.append(len(self.free.get(gpu_class or "", ())) // needs.gpus)
        if needs.cpus is not None:
            limits.append(self.cpus // needs.cpus)
        if needs.memory_bytes is not None:
            limits.append(self.memory_bytes // needs.memory_bytes)
        return min(limits, default=1_000_000)


@dataclass(slots=True)
class PoolSize:
    """How many GPUs of a class a park has, in all and free; its nodes by how many they have; and how many are away."""

    gpus: int = 0
    free: int = 0
    memory_bytes: int = 0
    nodes_away: int = 0
    nodes_of: Counter[int] = field(default_factory=Counter)

    @property
    def nodes(self) -> int:
        """Nodes with at least one."""
        return self.nodes_of.total()

    def ranks(self, gpus: int) -> int:
        """How many ranks of so many GPUs it would hold if all were free."""
        assert gpus > 0, "a rank without GPUs needs no pool"
        return sum(nodes * (size // gpus) for size, nodes in self.nodes_of.items())


@dataclass(slots=True)
class Ledger:
    """Rooms of the open nodes, and per pool the nodes by how many GPUs they have free."""

    rooms: dict[str, NodeRoom] = field(default_factory=dict)
    pools: dict[Pool, PoolSize] = field(default_factory=lambda: defaultdict(PoolSize))
    by_free: dict[Pool, dict[int, dict[str, None]]] = field(default_factory=lambda: defaultdict(dict))
    parks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The ledger of a snapshot. A GPU that several open nodes claim is the first one's."""
        ledger, taken = cls(), _held(snapshot)
        for node in sorted(snapshot.nodes.values(), key=lambda node: node.id):
            ledger._add(snapshot, node, taken)
            if node.open:
                taken.update(gpu.uuid for gpu in node.gpus)
        ledger._charge(snapshot)
        return ledger

    def _add(self, snapshot: Snapshot, node: Node, taken: set[str]) -> None:
        free: dict[str, list[Gpu]] = defaultdict(list)
        for gpu_class, gpus in _by_class(snapshot, node).items():
            free[gpu_class] = [gpu for gpu in gpus if gpu.usable and gpu.uuid not in taken and node.open]
            self._count(node, gpu_class, gpus, len(free[gpu_class]))
        if node.open:
            self.rooms[node.id] = NodeRoom(node, free, node.cpus, node.memory_bytes)
            self.parks[node.park].append(node.id)
            for gpu_class, gpus in free.items():
                self.by_free[node.park, gpu_class].setdefault(len(gpus), {})[node.id] = None

    def _count(self, node: Node, gpu_class: str, gpus: list[Gpu], free: int) -> None:
        pool = self.pools[node.park, gpu_class]
        pool.gpus += len(gpus)
        pool.free += free
        pool.memory_bytes = max(pool.memory_bytes, *(gpu.memory_bytes for gpu in gpus))
        pool.nodes_of[len(gpus)] += 1
        pool.nodes_away += not node.open

    def _charge(self, snapshot: Snapshot) -> None:
        """CPUs and memory of what runs."""
        for attempt in snapshot.attempts.values():
            job = snapshot.jobs.get(attempt.job_id)
            if attempt.holds and job is not None:
                for place in attempt.places:
                    self._charge_rank(place.node_id, job.spec.rank)

    def _charge_rank(self, node_id: str, needs: RankNeeds) -> None:
        room = self.rooms.get(node_id)
        if room is not None:
            room.cpus -= needs.cpus or 0
            room.memory_bytes -= needs.memory_bytes or 0
            room.ranks += 1

    def take(self, gpu_class: str | None, needs: RankNeeds, places: Iterable[Place]) -> None:
        """Hold what a new attempt holds."""
        for place in places:
            self._charge_rank(place.node_id, needs)
            if gpu_class is not None:
                self._take_gpus(place, gpu_class)

    def _take_gpus(self, place: Place, gpu_class: str) -> None:
        room = self.rooms[place.node_id]
        pool: Pool = (room.node.park, gpu_class)
        before, taken = len(room.free[gpu_class]), set(place.gpus)
        room.free[gpu_class] = [gpu for gpu in room.free[gpu_class] if gpu.uuid not in taken]
        after = len(room.free[gpu_class])
        assert before - after == len(taken), f"{place.node_id} does not have {taken} free"
        del self.by_free[pool][before][place.node_id]
        self.by_free[pool].setdefault(after, {})[place.node_id] = None
        self.pools[pool].free -= len(taken)

    def classes(self, min_memory_bytes: int) -> Iterator[str]:
        """Every class with at least that much memory a GPU, the smallest that does first."""
        memory: dict[str, int] = {}
        for (_, gpu_class), pool in self.pools.items():
            memory[gpu_class] = max(memory.get(gpu_class, 0), pool.memory_bytes)
        yield from sorted(
            (one for one in memory if memory[one] >= min_memory_bytes), key=lambda one: (memory[one], one)
        )

    def pools_of(self, gpu_class: str) -> Mapping[str, PoolSize]:
        """The pools of a class, by park."""
        return {park: pool for (park, of), pool in self.pools.items() if of == gpu_class}


def _held(snapshot: Snapshot) -> set[str]:
    attempts = (one for one in snapshot.attempts.values() if one.holds)
    return {gpu for attempt in attempts for place in attempt.places for gpu in place.gpus}


def _by_class(snapshot: Snapshot, node: Node) -> dict[str, list[Gpu]]:
    gpus: dict[str, list[Gpu]] = defaultdict(list)
    for gpu in node.gpus:
        gpu_class = snapshot.gpu_class(gpu)
        if gpu_class is not None:
            gpus[gpu_class].append(gpu)
    return gpus
