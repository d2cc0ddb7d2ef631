"""Whose turn it is: the lines that may have something to start, each by its leaf and its first job."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Qos
from bostan_scheduler.core.order.standing import Key
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.line import Entry
from bostan_scheduler.core.planning.queue import Pair

Turn = tuple[bool, Key, int, float, int, str, Pair]
"""Scavengers last; then the leaf's key, the firmness of the claim, and the job's own entry. Ids are unique."""


@dataclass(slots=True)
class Turns:
    """Lines in turn. A leaf's key only grows while it is served, so that each is looked at again when it comes up."""

    desk: Desk
    heap: list[Turn] = field(default_factory=list)

    def add(self, pairs: Iterable[Pair]) -> None:
        """Let these lines take part."""
        self.heap = [turn for pair in pairs if (turn := self._turn(pair)) is not None]
        heapq.heapify(self.heap)

    def __iter__(self) -> Iterator[Pair]:
        """The line whose turn it is, again and again; who is asked must start its first job or `drop` it."""
        while self.heap:
            pair = self.heap[0][-1]
            turn = self._turn(pair)
            if turn is None:
                heapq.heappop(self.heap)
            elif turn > self.heap[0]:
                heapq.heapreplace(self.heap, turn)
            else:
                yield turn[-1]

    def drop(self) -> None:
        """The line whose turn it is takes part no more."""
        assert self.heap, "it is nobody's turn"
        heapq.heappop(self.heap)

    def _turn(self, pair: Pair) -> Turn | None:
        head = self.desk.queue.head(pair)
        return turn(self.desk, pair, head) if head is not None else None


def turn(desk: Desk, pair: Pair, entry: Entry) -> Turn:
    """When it is the turn of a job in a line."""
    leaf_id, shape = pair
    return shape.qos is Qos.SCAVENGER, desk.leaf_key(leaf_id, shape), shape.qos.rank, *entry, pair
