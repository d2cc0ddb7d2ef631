"""What lies ahead on each node, and how many GPUs a job may take there until it ends."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.obstacle import Pins
from bostan_scheduler.core.planning.running import Running, longest_stay
from bostan_scheduler.core.room.limit import Limit
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.block import Block, Stay
from bostan_scheduler.core.timeline.pins import pinned, pinned_until, sizes
from bostan_scheduler.core.timeline.reserved import Reserved
from bostan_scheduler.core.timeline.taken import Holder, holders_on, stays, taken_at

Blocks = dict[tuple[str, str], list[Block]]
"""Blocks by node and GPU class."""


@dataclass(slots=True)
class Timeline:
    """Blocks of obstacles, which change with them and with the nodes, and of reservations, which change with each plan.

    Obstacles are pinned as of `pins`, good until `until_at`; `settled`: those that are near are where they belong.
    """

    obstacles: Blocks = field(default_factory=dict)
    reserved: dict[str, Reserved] = field(default_factory=dict)
    pins: Mapping[str, Pins] = field(default_factory=dict)
    until_at: Instant | None = None
    settled: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The timeline of a snapshot."""
        timeline = cls(reserved=dict(snapshot.reserved))
        timeline.pin(snapshot, snapshot.pins)
        return timeline

    def pin(self, snapshot: Snapshot, pins: Mapping[str, Pins]) -> None:
        """Pin obstacles anew, with these pins settled."""
        self.obstacles = _by_place(pinned(replace(snapshot, pins=pins)))
        self.pins, self.until_at, self.settled = pins, pinned_until(snapshot), False

    def outdated(self, snapshot: Snapshot) -> bool:
        """Whether time has passed, or something was settled, so that obstacles have to be pinned anew."""
        passed = self.until_at is not None and snapshot.now >= self.until_at
        return passed or snapshot.pins != self.pins

    @property
    def empty(self) -> bool:
        """Whether nothing lies ahead, so that no job has to look."""
        return not self.obstacles and not self.reserved

    def borders(self) -> Iterator[Instant]:
        """When something begins or ends."""
        for blocks in self.obstacles.values():
            for block in blocks:
                yield from (block.from_at, block.until_at)
        for one in self.reserved.values():
            yield from (one.from_at, one.until_at)

    def blocks(self) -> Blocks:
        """All blocks by node and class."""
        return _merged(self.obstacles, self.kept())

    def kept(self) -> Blocks:
        """Those of reservations alone. Parts that are kept are held instead."""
        return _by_place(
            block for one in self.reserved.values() if not one.parts for block in _blocks_of(one)
        )

    def notices(self, gpu_class: str) -> set[int]:
        """Within how many seconds GPUs of a class must be back that parks lend while they keep them for their own."""
        blocks = (one for (_, of), some in self.obstacles.items() if of == gpu_class for one in some)
        return {one.notice_seconds for one in blocks if one.notice_seconds is not None}

    def limits(
        self,
        snapshot: Snapshot,
        running: Running,
        shape: Shape,
        gpu_class: str,
        job_id: str | None = None,
        late_seconds: int = 0,
    ) -> Mapping[str, int]:
        """How many GPUs of the class a job of this shape may take on the nodes where something lies ahead, though it started so late."""
        stay = stay_of(snapshot, shape, job_id, late_seconds)
        parts = [one for one in self.reserved.values() if one.parts and one.job_id != job_id]
        limits: dict[str, int] = {}
        for (node_id, of_class), blocks in self.blocks().items():
            if of_class == gpu_class and node_id in snapshot.nodes:
                ahead = [one for one in blocks if one.concerns(shape, stay)]
                if ahead:
                    held = list(holders_on(snapshot, running, parts, node_id, gpu_class))
                    limits[node_id] = left_on(snapshot, node_id, gpu_class, held, ahead)
        return limits


def stay_of(snapshot: Snapshot, shape: Shape, job_id: str | None, late_seconds: int = 0) -> Stay:
    """How long a job of this shape would stay if it started now, or so late at the latest."""
    assert late_seconds >= 0, "nothing starts before now"
    now, worth = snapshot.now, late_seconds + snapshot.settings.preemption.min_run_seconds
    return Stay(now, after(now, worth), after(now, late_seconds + longest_stay(snapshot, shape)), job_id)


def left_on(
    snapshot: Snapshot, node_id: str, gpu_class: str, held: list[Holder], ahead: list[Block]
) -> Limit:
    """GPUs that stay free on a node at each instant at which a block begins; beside them, those that are held anyway."""
    size = sizes(snapshot, snapshot.nodes[node_id]).get(gpu_class, 0)
    instants = {max(snapshot.now, one.from_at) for one in ahead}
    left = min(size - taken_at(at, held, ahead) for at in instants)
    return Limit(left, stays(held, ahead, max(instants))) if left >= 0 else Limit(0)


def _blocks_of(one: Reserved) -> Iterator[Block]:
    for node_id, gpus in one.gpus:
        yield Block(node_id, one.gpu_class, gpus, one.from_at, one.until_at, job_id=one.job_id)


def _by_place(blocks: Iterable[Block]) -> Blocks:
    by_place: Blocks = {}
    for block in blocks:
        by_place.setdefault((block.node_id, block.gpu_class), []).append(block)
    return by_place


def _merged(some: Blocks, others: Blocks) -> Blocks:
    return {key: [*some.get(key, ()), *others.get(key, ())] for key in {**some, **others}}
