"""Nodes that are alike for a gang, counted instead of named; and how few of them it would take."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bostan_scheduler.core.placement.search import Parks, Search, anywhere
from bostan_scheduler.core.room.nearby import Near
from bostan_scheduler.core.room.state import State
from bostan_scheduler.core.room.where import Where, Within

Places = Mapping[Where, int]
"""How many nodes stand where, of those whose labels tell."""

Stock = tuple[int, int, int, Sequence[str], Places]
"""Nodes of one park that are alike: the ranks that each takes, what it has free in thousandths of a GPU, how many may be used, which they are, and where they stand."""

Size = tuple[int, int]
"""How many nodes a gang takes, and what these have free in thousandths of a GPU."""

_UNTOLD: Places = {}


@dataclass(frozen=True, slots=True)
class Stocks:
    """By park, the nodes that take at least a rank; those that take the most first, of these the tightest.

    `uneven` are the parks in which some nodes may not take all that their state has room for.
    """

    by_park: dict[str, list[Stock]]
    uneven: frozenset[str]

    @classmethod
    def of(cls, search: Search, parks: Parks) -> Self:
        """Those of the parks that may be taken."""
        ranking, stocks, special = search.ranking(1), dict[str, list[Stock]](), _special(search)
        for _, state, bucket in ranking.best_first():
            ranks, free_milli = ranking.ask.ranks_in(state), state.milli(search.gpu_class or "")
            for park, nodes in bucket.nodes.items():
                if parks is not anywhere and not parks(park):
                    continue
                places = bucket.places.get(park, _UNTOLD) if bucket.places else _UNTOLD
                stock, found = (ranks, free_milli, len(nodes), nodes, places), stocks.setdefault(park, [])
                if special and (state, park) in special:
                    found += _apart(search, stock, special[state, park])
                else:
                    found.append(stock)
        for found in stocks.values():
            found.sort(key=_fullest_first)
        return cls(stocks, frozenset(park for _, park in special))


def _special(search: Search) -> dict[tuple[State, str], list[str]]:
    """The nodes that may not be as good as their state, by state and park."""
    found: dict[tuple[State, str], list[str]] = {}
    for node_id, state, park in search.special():
        found.setdefault((state, park), []).append(node_id)
    return found


def _apart(search: Search, stock: Stock, special: Sequence[str]) -> Iterator[Stock]:
    """The stock without those of its nodes that take fewer ranks than the others, and each of them."""
    ranks, free_milli, usable, nodes, places = stock
    odd, rooms = [one for one in special if search.most(one, ranks) < ranks], search.ledger.rooms
    left = Counter(places)
    left.subtract(rooms[one].where for one in odd)
    yield ranks, free_milli, usable - len(odd), nodes, left
    for one in odd:
        yield search.most(one, ranks), free_milli, 1, (one,), {rooms[one].where: 1}


def _fullest_first(stock: Stock) -> tuple[int, int]:
    return -stock[0], stock[1]


def nearest(stocks: Sequence[Stock], replicas: int) -> Near | None:
    """The switch, or the rack, of a park that takes a gang on the fewest nodes, the tightest, the first by name; None when none does."""
    found: list[Near] = []
    for within in (Within.SWITCH, Within.RACK):
        for name, some in _by_name(stocks, within).items():
            size = size_of(some, replicas)
            if size is not None:
                found.append((size[0], within, size[1], name))
    return min(found, default=None)


def _by_name(stocks: Sequence[Stock], within: Within) -> dict[str, list[Stock]]:
    """By switch or by rack, in the same order. Nodes that no label puts there are left out."""
    groups: dict[str, list[Stock]] = {}
    for ranks, free_milli, _, nodes, places in stocks:
        for where, count in places.items():
            name = where.name(within)
            if name:
                groups.setdefault(name, []).append((ranks, free_milli, count, nodes, places))
    return groups


def size_of(stocks: Sequence[Stock], replicas: int) -> Size | None:
    """How many nodes a gang would take, the fullest stock first, and what they have free; None when they are too few."""
    left, nodes, free_milli = replicas, 0, 0
    for position, (ranks, free, usable, _, _) in enumerate(stocks):
        if not ranks or not usable:
            continue
        whole = min(usable, left // ranks)
        left, nodes, free_milli = left - whole * ranks, nodes + whole, free_milli + whole * free
        if left == 0:
            return nodes, free_milli
        if whole < usable:
            return nodes + 1, free_milli + _tightest(stocks[position:], left)
    return None


def _tightest(stocks: Sequence[Stock], left: int) -> int:
    return min(free_milli for ranks, free_milli, usable, _, _ in stocks if ranks >= left and usable)
