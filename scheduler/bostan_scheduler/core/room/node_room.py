"""One node: the GPUs that may be given out there, and what is free of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.node import Gpu, Node
from bostan_scheduler.core.room.held import Held, Load, left_of
from bostan_scheduler.core.room.state import ClassRoom, Part, State, StateKey
from bostan_scheduler.core.room.where import NOWHERE, Where, where_by
from bostan_scheduler.core.snapshot import Snapshot

_NO_LOAD = Load()


@dataclass(frozen=True, slots=True)
class ClassGpus:
    """The GPUs of one class that a node may give out, by link group, in the node's own order."""

    gpu_class: str
    groups: tuple[tuple[str, ...], ...]
    sets: tuple[frozenset[str], ...]
    all: frozenset[str]

    def room(self, held: Held) -> ClassRoom | None:
        """What is free of them; None when nothing is."""
        free = [len(group.difference(held.gpus)) for group in self.sets]
        if len(free) > 1:
            free = sorted(filter(None, free), reverse=True)
        elif free == [0]:
            free = []
        parts = self._parts(held) if not self.all.isdisjoint(held.shared) else ()
        return (self.gpu_class, tuple(free), parts) if free or parts else None

    def _parts(self, held: Held) -> tuple[Part, ...]:
        lefts = (left_of(held.gpus[uuid]) for uuid in self.all if uuid in held.shared)
        return tuple(sorted(left for left in lefts if left[0]))


@dataclass(slots=True, eq=False)
class NodeRoom:
    """A node, its GPUs by class, which of them it may give out, where it stands, and its state when it is open."""

    node: Node
    by_class: Mapping[str, tuple[Gpu, ...]]
    gpus: dict[str, ClassGpus] = field(default_factory=dict)
    state: State | None = None
    where: Where = NOWHERE

    @property
    def located(self) -> bool:
        """Whether it says where it stands."""
        return self.where != NOWHERE

    def uuids(self) -> list[str]:
        """The GPUs of a class that it has, given out or not."""
        return [gpu.uuid for gpus in self.by_class.values() for gpu in gpus]

    def claim(self, mine: Iterable[str]) -> None:
        """These GPUs are this node's, and no other's; those that are usable may be given out."""
        uuids = set(mine)
        self.gpus = {
            gpu_class: _class_gpus(gpu_class, [gpu for gpu in self.by_class[gpu_class] if gpu.uuid in uuids])
            for gpu_class in sorted(self.by_class)
        }

    def free(self, gpu_class: str, held: Held) -> list[list[str]]:
        """The whole GPUs of a class that nobody holds, by link group, in the node's own order."""
        groups = self.gpus[gpu_class].groups
        return [[uuid for uuid in group if uuid not in held.gpus] for group in groups]

    def shared(self, gpu_class: str, firm: str, held: Held) -> list[tuple[int, str]]:
        """What is left of each GPU of a class that a firm shares, and its UUID."""
        uuids = (uuid for group in self.gpus[gpu_class].groups for uuid in group if uuid in held.shared)
        lefts = ((*left_of(held.gpus[uuid]), uuid) for uuid in uuids)
        return [(left, uuid) for left, whose, uuid in lefts if left and whose == firm]

    def key(self, held: Held) -> StateKey:
        """The key of its state now."""
        node, load = self.node, held.loads.get(self.node.id, _NO_LOAD)
        rooms = tuple([room for gpus in self.gpus.values() if (room := gpus.room(held)) is not None])
        return rooms, node.cpus - load.cpus, node.memory_bytes - load.memory_bytes, load.loose


def _class_gpus(gpu_class: str, gpus: Iterable[Gpu]) -> ClassGpus:
    groups: dict[int, list[str]] = {}
    for gpu in gpus:
        if gpu.usable:
            groups.setdefault(gpu.link_group, []).append(gpu.uuid)
    tuples = tuple(map(tuple, groups.values()))
    every = frozenset(uuid for group in tuples for uuid in group)
    return ClassGpus(gpu_class, tuples, tuple(map(frozenset, tuples)), every)


def node_room(snapshot: Snapshot, node: Node) -> NodeRoom:
    """A node of a snapshot; it may give nothing out until it has claimed its GPUs."""
    by_class: dict[str, list[Gpu]] = {}
    for gpu in node.gpus:
        gpu_class = snapshot.gpu_class(gpu)
        if gpu_class is not None:
            by_class.setdefault(gpu_class, []).append(gpu)
    by_name = {gpu_class: tuple(gpus) for gpu_class, gpus in by_class.items()}
    return NodeRoom(node, by_name, where=where_by(dict(node.labels)))
