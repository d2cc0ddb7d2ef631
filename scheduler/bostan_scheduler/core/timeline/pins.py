"""Obstacles pinned to nodes: which GPUs a window of a park takes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, Obstacle, Part, Pins
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.block import Block

Liked = tuple[int, int]
"""How gladly some GPUs of a node are taken, smallest first; and how many there are."""

Liking = Callable[[Part, str, int], Iterable[Liked]]
"""What a part likes of so many GPUs of a node."""

SETTLED_AHEAD_SECONDS = 2 * 3600
"""As long as the longest stop that a job may ask for: nobody has to be asked to go before it is settled for what."""


def settles_at(part: Part) -> Instant:
    """From when on a part stays on its nodes."""
    return after(part.from_at, -SETTLED_AHEAD_SECONDS)


def pinned_until(snapshot: Snapshot) -> Instant | None:
    """When time alone pins something elsewhere, or settles it; None: never."""
    there = [one for one in snapshot.obstacles.values() if one.until_at > snapshot.now]
    settles = (settles_at(one) for one in there if not isinstance(one, Maintenance))
    times = (*(one.until_at for one in there), *(at for at in settles if at > snapshot.now))
    return min(times, default=None)


def pinned(snapshot: Snapshot) -> list[Block]:
    """The blocks of all obstacles that are not over."""
    pinning = Pinning.of(snapshot)
    closing = [block for window in pinning.closing for block in _whole(pinning, window)]
    return closing + [
        block_of(part, node_id, gpus)
        for part in pinning.parts
        for node_id, gpus in pinning.pin(part, None).gpus
    ]


def _whole(pinning: "Pinning", window: Maintenance) -> Iterator[Block]:
    for node_id in pinning.closed(window):
        for gpu_class, gpus in sorted(pinning.sizes[node_id].items()):
            yield Block(node_id, gpu_class, gpus, window.from_at, window.until_at, movable=True)


def block_of(part: Part, node_id: str, gpus: int) -> Block:
    """What a part keeps of a node."""
    firm = part.firm if isinstance(part, AdvanceReservation) else None
    notice = part.notice_seconds if isinstance(part, LocalReserve) and part.lend_when_idle else None
    return Block(
        node_id, part.gpu_class, gpus, part.from_at, part.until_at, firm, movable=True, notice_seconds=notice
    )


@dataclass(slots=True)
class Pinning:
    """What is pinned where, part by part in the order of their ids; meanwhile, what was settled for the others counts.

    Where a part was settled it stays, on nodes that are open and that no maintenance closes in its time. The rest of it
    gets what it likes best of such nodes; only when these are not enough, GPUs of others. `on` are the pins by node.
    """

    snapshot: Snapshot
    closing: list[Maintenance]
    parts: list[Part]
    sizes: dict[str, dict[str, int]]
    pins: dict[str, Pins] = field(default_factory=dict)
    on: dict[str, dict[str, int]] = field(default_factory=dict)
    known_closed: dict[str, list[str]] = field(default_factory=dict)
    known_parks: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Of the obstacles that are not over."""
        there = [one for _, one in sorted(snapshot.obstacles.items()) if one.until_at > snapshot.now]
        closing = [one for one in there if isinstance(one, Maintenance)]
        parts = [one for one in there if not isinstance(one, Maintenance)]
        pinning = cls(snapshot, closing, parts, _sizes(snapshot, {one.park for one in there}))
        for part in parts:
            if part.id in snapshot.pins:
                pinning._put(snapshot.pins[part.id])
        return pinning

    def closed(self, window: Maintenance) -> list[str]:
        """The nodes that a maintenance closes, by name."""
        if window.id not in self.known_closed:
            here = self._in_park(window.park)
            self.known_closed[window.id] = [one for one in here if window.closes(one, self.sizes[one])]
        return self.known_closed[window.id]

    def pin(self, part: Part, liking: Liking | None) -> Pins:
        """The nodes of a part; who likes nothing better takes them by name."""
        before, taken, left = self._take_off(part), dict[str, int](), part.gpus
        for node_id, most in self._in_turn(part, before, liking):
            gpus = min(left, most, self._room(part, node_id) - taken.get(node_id, 0))
            if gpus > 0:
                taken[node_id] = taken.get(node_id, 0) + gpus
                left -= gpus
            if not left:
                break
        pins = Pins(part.id, tuple(sorted(taken.items())))
        self._put(pins)
        return pins

    def _take_off(self, part: Part) -> dict[str, int]:
        before = self.pins.pop(part.id, None)
        for node_id, _ in before.gpus if before is not None else ():
            del self.on[node_id][part.id]
        return dict(before.gpus) if before is not None else {}

    def _put(self, pins: Pins) -> None:
        self.pins[pins.obstacle_id] = pins
        for node_id, gpus in pins.gpus:
            self.on.setdefault(node_id, {})[pins.obstacle_id] = gpus

    def _in_turn(
        self, part: Part, before: dict[str, int], liking: Liking | None
    ) -> Iterator[tuple[str, int]]:
        """Nodes, and the most that may be taken of each; a node may come again."""
        nodes, here, closed = self.snapshot.nodes, self._in_park(part.park), self._closed_for(part)

        def good(node_id: str) -> bool:
            return nodes[node_id].open and not closed[node_id]

        def bad(node_id: str) -> tuple[bool, bool, int]:
            away = closed[node_id]
            return away >= part.until_at - part.from_at, not nodes[node_id].open, away

        there = [(one, gpus) for one, gpus in before.items() if one in nodes and nodes[one].park == part.park]
        yield from (one for one in there if good(one[0]))
        yield from self._liked(part, filter(good, here), liking)
        yield from (one for one in there if not good(one[0]))
        yield from ((one, part.gpus) for one in sorted(here, key=bad))

    def _closed_for(self, part: Part) -> Counter[str]:
        """For how many milliseconds of a part's time maintenance closes each node."""
        closed = Counter[str]()
        for window in self.closing:
            span = min(window.until_at, part.until_at) - max(window.from_at, part.from_at)
            for node_id in self.closed(window) if span > 0 else ():
                closed[node_id] += span
        return closed

    def _in_park(self, park: str) -> list[str]:
        """Its nodes, by name."""
        if park not in self.known_parks:
            nodes = self.snapshot.nodes
            self.known_parks[park] = [one for one in self.sizes if nodes[one].park == park]
        return self.known_parks[park]

    def _liked(self, part: Part, nodes: Iterable[str], liking: Liking | None) -> Iterator[tuple[str, int]]:
        if liking is None:
            yield from ((node_id, part.gpus) for node_id in nodes)
            return
        liked = (
            (how, -gpus, node_id)
            for node_id in nodes
            for how, gpus in liking(part, node_id, self._size(part, node_id))
        )
        yield from ((node_id, -gpus) for _, gpus, node_id in sorted(liked))

    def _size(self, part: Part, node_id: str) -> int:
        return self.sizes[node_id].get(part.gpu_class, 0)

    def _room(self, part: Part, node_id: str) -> int:
        """What others leave of a node in all of the part's time."""
        size, beside = (
            self._size(part, node_id),
            [
                (one, gpus)
                for other, gpus in self.on.get(node_id, {}).items()
                if _overlap(one := self.snapshot.obstacles[other], part) and _class_of(one) == part.gpu_class
            ],
        )
        begins = {max(one.from_at, part.from_at) for one, _ in beside}
        sums = (sum(gpus for one, gpus in beside if one.from_at <= at < one.until_at) for at in begins)
        return size - max(sums, default=0)


def _class_of(obstacle: Obstacle) -> str | None:
    return None if isinstance(obstacle, Maintenance) else obstacle.gpu_class


def _overlap(one: Obstacle, other: Obstacle) -> bool:
    return one.from_at < other.until_at and other.from_at < one.until_at


def _sizes(snapshot: Snapshot, parks: set[str]) -> dict[str, dict[str, int]]:
    """By name."""
    nodes = sorted(snapshot.nodes.items())
    return {node_id: sizes(snapshot, node) for node_id, node in nodes if node.park in parks}


def sizes(snapshot: Snapshot, node: Node) -> dict[str, int]:
    """How many GPUs of each class a node has that something may start on."""
    counts: dict[str, int] = {}
    for gpu in node.gpus:
        gpu_class = snapshot.gpu_class(gpu) if gpu.usable else None
        if gpu_class is not None:
            counts[gpu_class] = counts.get(gpu_class, 0) + 1
    return counts
