"""One node: the GPUs that may be given out there, and what is free of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bostan_scheduler.core.node import Gpu, Node
from bostan_scheduler.core.room.held import Held, Load, left_of
from bostan_scheduler.core.room.state import ClassRoom, Part, State, StateKey
from bostan_scheduler.core.snapshot import Snapshot

_NO_LOAD = Load()


@dataclass(slots=True, eq=False)
class NodeRoom:
    """A node, its GPUs by class, which of them it may give out (`uuids`), and its state when it is open.

    `where` are its rack and its switch, as far as labels tell.
    """

    node: Node
    by_class: Mapping[str, tuple[Gpu, ...]]
    gpus: tuple[tuple[Gpu, str], ...] = ()
    state: State | None = None
    where: tuple[str, str] = ("", "")

    def uuids(self) -> list[str]:
        """The GPUs of a class that it has, given out or not."""
        return [gpu.uuid for gpus in self.by_class.values() for gpu in gpus]

    def claim(self, mine: Iterable[str]) -> None:
        """These GPUs are this node's, and no other's; those that are usable may be given out."""
        uuids = set(mine)
        self.gpus = tuple(
            (gpu, gpu_class)
            for gpu_class, gpus in self.by_class.items()
            for gpu in gpus
            if gpu.usable and gpu.uuid in uuids
        )

    def free(self, gpu_class: str, held: Held) -> list[Gpu]:
        """The whole GPUs of a class that nobody holds, in the node's own order."""
        return [gpu for gpu, of in self.gpus if of == gpu_class and gpu.uuid not in held.gpus]

    def shared(self, gpu_class: str, firm: str, held: Held) -> list[tuple[int, str]]:
        """What is left of each GPU of a class that a firm shares, and its UUID."""
        found = []
        for gpu, of in self.gpus:
            if of == gpu_class and gpu.uuid in held.gpus:
                left, whose = left_of(held.gpus[gpu.uuid])
                if left and whose == firm:
                    found.append((left, gpu.uuid))
        return found

    def key(self, held: Held) -> StateKey:
        """The key of its state now."""
        load = held.loads.get(self.node.id, _NO_LOAD)
        cpus, memory_bytes = self.node.cpus - load.cpus, self.node.memory_bytes - load.memory_bytes
        return tuple(self._class_rooms(held)), cpus, memory_bytes, load.loose

    def _class_rooms(self, held: Held) -> list[ClassRoom]:
        groups: dict[str, dict[int, int]] = {}
        parts: dict[str, list[Part]] = {}
        for gpu, gpu_class in self.gpus:
            holds = held.gpus.get(gpu.uuid)
            if holds is None:
                of_class = groups.setdefault(gpu_class, {})
                of_class[gpu.link_group] = of_class.get(gpu.link_group, 0) + 1
            else:
                part = left_of(holds)
                if part[0]:
                    parts.setdefault(gpu_class, []).append(part)
        return _sorted(groups, parts)


def _sorted(groups: dict[str, dict[int, int]], parts: dict[str, list[Part]]) -> list[ClassRoom]:
    return [
        (
            gpu_class,
            tuple(sorted(groups.get(gpu_class, {}).values(), reverse=True)),
            tuple(sorted(parts.get(gpu_class, ()))),
        )
        for gpu_class in sorted(groups.keys() | parts.keys())
    ]


def node_room(snapshot: Snapshot, node: Node) -> NodeRoom:
    """A node of a snapshot; it may give nothing out until it has claimed its GPUs."""
    by_class: dict[str, list[Gpu]] = {}
    for gpu in node.gpus:
        gpu_class = snapshot.gpu_class(gpu)
        if gpu_class is not None:
            by_class.setdefault(gpu_class, []).append(gpu)
    labels = dict(node.labels)
    return NodeRoom(
        node,
        {gpu_class: tuple(gpus) for gpu_class, gpus in by_class.items()},
        where=(labels.get("rack", ""), labels.get("switch", "")),
    )
