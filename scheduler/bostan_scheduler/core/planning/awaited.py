"""The classes that jobs wait for: where an order passes nobody, no later job starts on them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.planning.turns import Turn, turn
from bostan_scheduler.core.room.ever import ever_fits

Classes = frozenset[str | None]


@dataclass(slots=True)
class Awaited:
    """Who waits for room holds up everybody; who waits for quota, all that count against the same leaf."""

    by_all: set[str | None] = field(default_factory=set)
    by_leaf: dict[str, set[str | None]] = field(default_factory=dict)

    def wait(self, desk: Desk, pair: Pair) -> None:
        """The first of a line waits. For what it may or can never have, it waits in vain, and holds up nobody."""
        leaf, shape = desk.queue.leaves[pair[0]], pair[1]
        for one in classes_of(desk, shape) if allowed(leaf, shape) else ():
            if one is not None and leaf.of_class(one).limit < Gpus(shape.gpus):
                continue
            if ever_fits(desk.room, shape, one):
                in_quota = one is None or desk.books.quotas.covers(leaf, one, shape.gpus)
                held_up = self.by_all if in_quota else self.by_leaf.setdefault(leaf.id, set())
                held_up.add(one)

    def for_leaf(self, leaf_id: str) -> Classes:
        """The classes on which nobody of a leaf may start."""
        return Classes(self.by_all | self.by_leaf.get(leaf_id, set()))


def awaited_before(desk: Desk, job_id: str) -> Classes:
    """What jobs before a waiting one keep it from; nothing where the order passes them, or something is kept for it."""
    spot, awaited = desk.queue.spots.get(job_id), Awaited()
    if spot is None or desk.queue.order.passes:
        return Classes()
    for pair in _lines_before(desk, turn(desk, spot.pair, spot.entry)):
        awaited.wait(desk, pair)
    return awaited.for_leaf(spot.pair[0])


def _lines_before(desk: Desk, mine: Turn) -> Iterator[Pair]:
    for pair, line in desk.queue.lines.items():
        if turn(desk, pair, line.entries[0]) < mine:
            yield pair
