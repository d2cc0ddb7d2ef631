"""Nodes that are alike apart from what runs there: so that what could ever fit is counted by kind, not node by node."""

from collections import Counter
from dataclasses import dataclass, field

from bostan_scheduler.core.counts import count
from bostan_scheduler.core.room.node_room import NodeRoom

Kind = tuple[int, int, int]
"""GPUs of one class, CPUs, and bytes of memory."""
Kinds = dict[str, Counter[Kind]]
"""How many nodes of each kind a park has."""


@dataclass(slots=True)
class NodeKinds:
    """All nodes, open or not: of each class those that have GPUs of it, and for None every node, its GPUs not looked at."""

    of_class: dict[str | None, Kinds] = field(default_factory=dict)

    def of(self, gpu_class: str | None) -> Kinds:
        """The kinds of node with GPUs of a class, by park."""
        return self.of_class.get(gpu_class, {})

    def count(self, room: NodeRoom, step: int) -> None:
        """A node comes, or goes when `step` is -1."""
        assert step in (1, -1)
        self._add(None, 0, room, step)
        for gpu_class, gpus in room.by_class.items():
            self._add(gpu_class, len(gpus), room, step)

    def _add(self, gpu_class: str | None, gpus: int, room: NodeRoom, step: int) -> None:
        node = room.node
        parks = self.of_class.setdefault(gpu_class, {})
        kinds = parks.setdefault(node.park, Counter())
        count(kinds, (gpus, node.cpus, node.memory_bytes), step)
        if not kinds:
            del parks[node.park]
