"""What is free: derived from a snapshot, then kept up to date row by row. Built anew, it is the same."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.job import Job, RankNeeds, Shape
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.room.buckets import Buckets
from bostan_scheduler.core.room.held import Claim, Held
from bostan_scheduler.core.room.kinds import NodeKinds
from bostan_scheduler.core.room.mix import Known, Mix
from bostan_scheduler.core.room.node_room import NodeRoom, node_room
from bostan_scheduler.core.room.open_nodes import OpenNodes
from bostan_scheduler.core.room.owners import Owners
from bostan_scheduler.core.room.pool import Pool, PoolSize
from bostan_scheduler.core.room.ranking import Ranking
from bostan_scheduler.core.room.rankings import Rankings
from bostan_scheduler.core.room.state import State
from bostan_scheduler.core.snapshot import Snapshot

K = TypeVar("K")
Classes = frozenset[str | None]
"""GPU classes of which there may be more now; None stands for CPUs and memory alone."""


@dataclass(slots=True)
class Ledger:
    """Every node's room, what is held of it, and the nodes by state. `mix`, when given, stands for the jobs known.

    `pools` says what each park has of a class, `sizes` what all have; `cpus` are those of all nodes with GPUs.
    """

    rooms: dict[str, NodeRoom] = field(default_factory=dict)
    held: Held = field(default_factory=Held)
    pools: dict[Pool, PoolSize] = field(default_factory=dict)
    sizes: dict[str, PoolSize] = field(default_factory=dict)
    open: OpenNodes = field(default_factory=OpenNodes)
    cpus: int = 0
    known: Known = field(default_factory=Known)
    mix: Mix | None = None
    owners: Owners = field(default_factory=Owners)
    buckets: Buckets = field(default_factory=Buckets)
    rankings: Rankings = field(default_factory=Rankings)
    kinds: NodeKinds = field(default_factory=NodeKinds)

    @classmethod
    def of(cls, snapshot: Snapshot, mix: Mix | None = None) -> Self:
        """The ledger of a snapshot. A GPU that several open nodes claim is the first one's."""
        ledger = cls(mix=mix)
        for attempt in snapshot.attempts.values():
            job = snapshot.jobs.get(attempt.job_id)
            if attempt.holds and job is not None:
                ledger.hold(attempt, job.spec.rank)
        for job in snapshot.jobs.values():
            ledger.know(job)
        for node_id in sorted(snapshot.nodes):
            ledger.set_node(snapshot, node_id)
        return ledger

    # Rows

    def hold(self, attempt: Attempt, needs: RankNeeds) -> None:
        """An attempt holds what its places name; nothing new if it does already."""
        if attempt.id not in self.held.claims:
            self.put_claim(attempt.id, Claim(needs, attempt.firm, attempt.places))

    def put_claim(self, claim_id: str, claim: Claim) -> None:
        """Hold something that is no attempt, as if it were one."""
        self.held.put(claim_id, claim)
        for node_id in self._nodes_of(claim):
            self._refresh(node_id)

    def release(self, claim_id: str) -> Classes:
        """An attempt holds nothing any more; nothing if it held nothing."""
        claim = self.held.drop(claim_id)
        return self._refresh_all(self._nodes_of(claim)) if claim is not None else frozenset()

    def know(self, job: Job) -> None:
        """A job is known that is not over: what it asks for is part of the workload."""
        self.known.put(job)

    def forget(self, job_id: str) -> None:
        """A job is over."""
        self.known.drop(job_id)

    def set_node(self, snapshot: Snapshot, node_id: str) -> Classes:
        """A node's row has changed, has come or has gone."""
        node, before = snapshot.nodes.get(node_id), self.rooms.get(node_id)
        if before is not None and node is not None and _same(before.node, node):
            before.node = node
            return frozenset()
        changed = self._take_out(before) if before is not None else set()
        if node is not None:
            changed |= self._put_in(node_room(snapshot, node))
        for other in changed - {node_id}:
            self._claim(self.rooms[other])
        return self._refresh_all(changed & self.rooms.keys())

    # Reading

    def classes(self, min_memory_bytes: int) -> Iterator[str]:
        """Every class with at least that much memory a GPU, the smallest that does first."""
        memory = self.memories()
        enough = (one for one in memory if memory[one] >= min_memory_bytes)
        yield from sorted(enough, key=lambda one: (memory[one], one))

    def memories(self) -> dict[str, int]:
        """The most memory that a GPU of each class has."""
        return {gpu_class: size.memory_bytes for gpu_class, size in self.sizes.items()}

    def pools_of(self, gpu_class: str) -> Mapping[str, PoolSize]:
        """The pools of a class, by park."""
        return {park: pool for (park, of), pool in self.pools.items() if of == gpu_class}

    def nodes_with(self, park: str, gpu_class: str) -> Iterator[tuple[str, int]]:
        """The open nodes of a park that have GPUs of a class, by name, and how many whole ones are free on each."""
        for node_id in self.open.of(park):
            if gpu_class in self.rooms[node_id].by_class:
                yield node_id, self.free_on(node_id, gpu_class)

    def free(self, gpu_class: str | None) -> int:
        """How many whole GPUs of a class are free; none of no class."""
        size = self.sizes.get(gpu_class) if gpu_class is not None else None
        return size.free if size is not None else 0

    def free_on(self, node_id: str, gpu_class: str) -> int:
        """How many whole GPUs of a class are free on a node; none when it is not open."""
        room = self.rooms.get(node_id)
        return room.state.whole(gpu_class) if room is not None and room.state is not None else 0

    def ranking(self, shape: Shape, gpu_class: str | None, ranks: int) -> Ranking:
        """The states that so many ranks of a shape fit, best first."""
        if self.known.changed or self.rankings.stale or self.buckets.crowded():
            self._renew_rankings()
        return self.rankings.of((shape, gpu_class, ranks), self.buckets)

    def _renew_rankings(self) -> None:
        if self.buckets.crowded():
            self.buckets.states.forget_all_but(self.buckets.live)
            self.rankings.forget()
        mix = self.known.mix()
        self.rankings.renew(self.mix if self.mix is not None else mix, self.memories(), self._cpus_a_gpu())

    def _cpus_a_gpu(self) -> int:
        """On an average, rounded down to a power of two, so that it seldom changes."""
        gpus = sum(size.gpus for size in self.sizes.values())
        return 1 << (self.cpus // gpus).bit_length() >> 1 if self.cpus >= gpus > 0 else 1

    # Upkeep

    def _nodes_of(self, claim: Claim) -> dict[str, None]:
        """The nodes whose room a claim is part of: where it is placed, and whose its GPUs are."""
        nodes: dict[str, None] = {}
        for place in claim.places:
            nodes[place.node_id] = None
            for claimants in filter(None, map(self.owners.claims.get, place.gpus)):
                nodes[claimants[0]] = None
        return nodes

    def _take_out(self, room: NodeRoom) -> set[str]:
        """The nodes that its GPUs fall to."""
        node_id = room.node.id
        self._move(room, None)
        self._count(room, -1)
        del self.rooms[node_id]
        if not room.node.open:
            return set()
        self.open.remove(room)
        return self.owners.remove(node_id, room.uuids())

    def _put_in(self, room: NodeRoom) -> set[str]:
        """It, and the nodes that lose GPUs to it."""
        node_id = room.node.id
        self.rooms[node_id] = room
        self._count(room, 1)
        if not room.node.open:
            return {node_id}
        self.open.add(room)
        losers = self.owners.add(node_id, room.uuids())
        self._claim(room)
        return losers | {node_id}

    def _claim(self, room: NodeRoom) -> None:
        room.claim(self.owners.mine(room.node.id, room.uuids()))

    def _count(self, room: NodeRoom, step: int) -> None:
        self.kinds.count(room, step)
        if room.by_class:
            self.rankings.stale = True
            self.cpus += step * room.node.cpus
        for gpu_class, gpus in room.by_class.items():
            memories = [gpu.memory_bytes for gpu in gpus]
            _add(self.pools, (room.node.park, gpu_class), memories, room.node.open, step)
            _add(self.sizes, gpu_class, memories, room.node.open, step)

    def _refresh_all(self, node_ids: Iterable[str]) -> Classes:
        rooms = [room for node_id in node_ids if (room := self._refresh(node_id)) is not None]
        return frozenset((None, *(gpu_class for room in rooms for gpu_class in room.by_class)))

    def _refresh(self, node_id: str) -> NodeRoom | None:
        """Its state anew; None when it is not open."""
        room = self.rooms.get(node_id)
        if room is None or not room.node.open:
            return None
        self._move(room, self.buckets.states.of(room.key(self.held)))
        return room

    def _move(self, room: NodeRoom, state: State | None) -> None:
        """A node is in another state, or in none when it is not open."""
        before = room.state
        if state is before:
            return
        if before is not None:
            self.buckets.remove(before, room)
        if state is not None:
            self.buckets.add(state, room)
        for gpu_class in room.gpus:
            was = before.whole(gpu_class) if before is not None else 0
            now = state.whole(gpu_class) if state is not None else 0
            if was != now:
                self.pools[room.node.park, gpu_class].free += now - was
                self.sizes[gpu_class].free += now - was
        room.state = state


def _add(pools: dict[K, PoolSize], key: K, memories: list[int], is_open: bool, step: int) -> None:
    pool = pools.setdefault(key, PoolSize())
    pool.add(memories, is_open, step)
    if not pool.gpus:
        del pools[key]


def _same(before: Node, now: Node) -> bool:
    """Whether a node has the same room as before."""
    return (
        before.gpus == now.gpus
        and before.open == now.open
        and before.cpus == now.cpus
        and before.memory_bytes == now.memory_bytes
        and before.labels == now.labels
    )
