"""A gang over several nodes: as few as can be, of one switch or rack where that costs no more of them, then the tightest."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from bostan_scheduler.core.placement.gpus import places_on
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.placement.search import Parks, Search
from bostan_scheduler.core.placement.stocks import Stock, Stocks, nearest, size_of
from bostan_scheduler.core.room.nearby import Near
from bostan_scheduler.core.room.where import Within

Candidate = tuple[int, int, str]
"""How many ranks a node takes, what it has free in thousandths of a GPU, and its name."""

Spread = dict[str, int]
"""How many ranks each node takes."""


class Scope(NamedTuple):
    """Where a gang may go, the best first: so many nodes of a park, of one switch or rack of it, that have so much free.

    `name` is that of the switch or the rack; of a whole park it is empty.
    """

    nodes: int
    within: Within
    free_milli: int
    park: str
    name: str


def over_nodes(search: Search, parks: Parks) -> Placement | None:
    """Where the fewest nodes do; of these where they are near each other, then where the least stays free beside the gang."""
    stocks = Stocks.of(search, parks)
    scope = _best(search, stocks)
    if scope is None:
        return None
    spread = _spread(_candidates(search, scope, stocks.by_park[scope.park]), search.shape.replicas)
    assert len(spread) == scope.nodes, f"{scope.park} has no room on {scope.nodes} nodes after all"
    cost = scope.nodes, scope.within, 0, scope.free_milli
    return Placement(scope.park, places_on(search, _numbered(search, spread)), cost)


def _best(search: Search, stocks: Stocks) -> Scope | None:
    """Only where labels tell, and no park does with fewer nodes, is it worth looking who stands where."""
    found = ((park, size_of(some, search.shape.replicas)) for park, some in stocks.by_park.items())
    sizes = {park: size for park, size in found if size is not None}
    if not sizes:
        return None
    nodes, free_milli, park = min((*size, park) for park, size in sizes.items())
    best, labelled = Scope(nodes, Within.PARK, free_milli, park, ""), search.ledger.open.labelled
    if not labelled:
        return best
    told = sorted(park for park, size in sizes.items() if size[0] == nodes and park in labelled)
    return _nearest(search, best, told, stocks)


def _nearest(search: Search, best: Scope, parks: Sequence[str], stocks: Stocks) -> Scope:
    """The best in these parks as well. Nothing is better than a switch whose nodes are filled by the gang, the first by name."""
    shape = search.shape
    least_milli = shape.gpus * shape.rank.gpu_milli
    for park in parks:
        near = _near(search, park, stocks)
        if near is not None:
            nodes, within, free_milli, name = near
            best = min(best, Scope(nodes, within, free_milli, park, name))
        if best.within is Within.SWITCH and best.free_milli == least_milli:
            break
    return best


def _near(search: Search, park: str, stocks: Stocks) -> Near | None:
    """The switch or rack of a park that is best."""
    find = partial(nearest, stocks.by_park[park], search.shape.replicas)
    if park in stocks.uneven:
        return find()
    stirred = search.ledger.buckets.stirred[park]
    return search.ranking(1).nearby.of(park, search.shape.replicas, stirred, find)


def _candidates(search: Search, scope: Scope, stocks: Sequence[Stock]) -> list[Candidate]:
    """The nodes there, the fullest first; of nodes that are alike no more than the gang could use."""
    found: list[Candidate] = []
    for ranks, free_milli, usable, nodes, _ in stocks:
        if ranks and usable:
            fit = (one for one in _there(search, scope, nodes) if search.most(one, ranks) == ranks)
            found += [(ranks, free_milli, one) for one in islice(fit, search.shape.replicas)]
    return sorted(found, key=lambda one: (-one[0], one[1], one[2]))


def _there(search: Search, scope: Scope, nodes: Sequence[str]) -> Iterator[str]:
    rooms, within = search.ledger.rooms, scope.within
    if within is Within.PARK:
        return iter(nodes)
    return (one for one in nodes if rooms[one].where.name(within) == scope.name)


def _spread(candidates: Sequence[Candidate], replicas: int) -> Spread:
    """The nodes that take the most first; the rest of the gang where it fits tightest."""
    left, ranks = replicas, Spread()
    for most, _, node_id in candidates:
        if most >= left:
            others = [one for one in candidates if one[0] >= left and one[2] not in ranks]
            _, _, node_id = min(others, key=lambda one: (one[1], one[2]))
        ranks[node_id] = min(most, left)
        left -= ranks[node_id]
        if left == 0:
            break
    assert left == 0, f"{left} of {replicas} ranks have no room after all"
    return ranks


def _numbered(search: Search, spread: Spread) -> list[tuple[str, int]]:
    """Neighbours get neighbouring ranks: rack by rack, and whom one switch serves together, by its first rack."""
    where = {node_id: search.ledger.rooms[node_id].where for node_id in spread}
    racks = sorted((one.rack, one.switch) for one in where.values() if one.rack and one.switch)
    first_rack = {switch: rack for rack, switch in reversed(racks)}

    def place(node_id: str) -> tuple[str, ...]:
        rack, switch = where[node_id]
        return first_rack.get(switch, rack), switch, rack, node_id

    return [(node_id, spread[node_id]) for node_id in sorted(spread, key=place)]
