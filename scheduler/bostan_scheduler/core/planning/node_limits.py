"""The desk's limits, found node by node: for who looks at few of the nodes where something lies ahead, or tries what would be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.timeline.block import Block
from bostan_scheduler.core.timeline.taken import holders_on
from bostan_scheduler.core.timeline.timeline import Blocks, left_on, stay_of


@dataclass(slots=True)
class NodeLimits:
    """How many GPUs of a class a job of this shape may take on a node. Good while the desk stands still; `forget` a node on
    which something is tried.

    `kept` are the blocks of reservations on the desk. The job may start as late as `late_seconds` from now.
    """

    desk: Desk
    shape: Shape
    gpu_class: str
    job_id: str | None
    kept: Blocks
    late_seconds: int = 0
    known: dict[str, int | None] = field(default_factory=dict)
    counted: int | None = None

    def on(self, node_id: str) -> int | None:
        """The limit on a node; None where nothing lies ahead."""
        if node_id not in self.known:
            self.known[node_id] = self._on(node_id)
        return self.known[node_id]

    def forget(self, node_id: str) -> None:
        """Something was tried on a node."""
        self.known.pop(node_id, None)

    def count(self) -> int:
        """On how many nodes there is one."""
        if self.counted is None:
            self.counted = self._count()
        return self.counted

    def _count(self) -> int:
        places = self.desk.timeline.obstacles.keys() | self.kept.keys()
        nodes = self.desk.snapshot.nodes
        return sum(
            gpu_class == self.gpu_class and node_id in nodes and bool(self._ahead(node_id))
            for node_id, gpu_class in places
        )

    def _on(self, node_id: str) -> int | None:
        ahead = self._ahead(node_id)
        if not ahead:
            return None
        desk, reserved = self.desk, self.desk.timeline.reserved.values()
        parts = [one for one in reserved if one.parts and one.job_id != self.job_id]
        held = list(holders_on(desk.snapshot, desk.running, parts, node_id, self.gpu_class))
        return left_on(desk.snapshot, node_id, self.gpu_class, held, ahead)

    def _ahead(self, node_id: str) -> list[Block]:
        blocks = self._blocks(node_id)
        if not blocks:
            return []
        stay = stay_of(self.desk.snapshot, self.shape, self.job_id, self.late_seconds)
        return [one for one in blocks if one.concerns(self.shape, stay)]

    def _blocks(self, node_id: str) -> Sequence[Block]:
        key = node_id, self.gpu_class
        windows, kept = self.desk.timeline.obstacles.get(key, ()), self.kept.get(key, ())
        return [*windows, *kept] if windows and kept else windows or kept
