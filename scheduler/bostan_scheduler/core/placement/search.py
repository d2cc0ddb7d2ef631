"""What is looked for, and what may be taken."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.placement.allowance import Allowance, ranks_within
from bostan_scheduler.core.room.buckets import Bucket
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.ranking import Ranking
from bostan_scheduler.core.room.state import State

Parks = Callable[[str], bool]
"""Which parks may be taken."""


@dataclass(slots=True, eq=False)
class Search:
    """A gang that looks for room on one class, or on none. On the nodes in `limits` it may take only so many GPUs."""

    ledger: Ledger
    shape: Shape
    gpu_class: str | None
    limits: Mapping[str, int]
    avoid: frozenset[str] = frozenset()

    def ranking(self, ranks: int) -> Ranking:
        """The states that so many of its ranks fit, best first."""
        return self.ledger.ranking(self.shape, self.gpu_class, ranks)

    def most(self, node_id: str, ranks: int) -> int:
        """How many of so many ranks may be put on a node that has room for them."""
        if node_id in self.avoid:
            return 0
        limit = self.limits.get(node_id)
        if limit is None or self.gpu_class is None:
            return ranks
        return min(ranks, ranks_within(self.ledger, node_id, self.gpu_class, self.shape, limit))

    def allowance(self, node_id: str) -> Allowance | None:
        """What parts of GPUs may be taken on a node; None where it is limited by nothing but its room."""
        limit = self.limits.get(node_id)
        if limit is None or self.gpu_class is None:
            return None
        return Allowance.on(self.ledger, node_id, self.gpu_class, self.shape, limit)

    def special(self) -> Iterator[tuple[str, State, str]]:
        """The nodes that may not be as good as their state, with their parks: few."""
        for node_id in self.avoid | self.limits.keys():
            room = self.ledger.rooms.get(node_id)
            if room is not None and room.state is not None:
                yield node_id, room.state, room.node.park

    def first(self, bucket: Bucket, parks: Parks, ranks: int) -> tuple[str, str] | None:
        """The first park and node in a bucket, by name, that may take so many ranks."""
        if parks is anywhere and not self.limits and not self.avoid:
            park = bucket.parks[0]
            return park, bucket.nodes[park][0]
        return bucket.first(parks, lambda node_id: self.most(node_id, ranks) == ranks)


def tiers(shape: Shape) -> Iterator[Parks]:
    """The parks that a shape may run in: those that are preferred first, one by one, then all others at once."""
    rules = shape.parks
    for park in rules.prefer:
        if rules.admit(park):
            yield park.__eq__
    if rules.allow or rules.deny or rules.prefer:
        yield lambda park: rules.admit(park) and park not in rules.prefer
    else:
        yield anywhere


def anywhere(_: str) -> bool:
    """Any park will do."""
    return True
