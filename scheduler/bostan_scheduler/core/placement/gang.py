"""A gang over several nodes: as few as can be, of one switch or rack where that costs no more of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bostan_scheduler.core.placement.gpus import places_on
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.placement.search import Parks, Search, anywhere
from bostan_scheduler.core.room.state import State
from bostan_scheduler.core.room.where import Within

Candidate = tuple[int, int, str]
"""How many ranks a node takes, what it has free in thousandths of a GPU, and its name."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How many ranks each node takes. `free_milli` is what these nodes have free."""

    ranks: tuple[tuple[str, int], ...]
    free_milli: int


Stock = tuple[int, int, int, Sequence[str]]
"""Nodes of one park that are alike: the ranks that each takes, what it has free in thousandths of a GPU, how many may be used, and which they are."""


def over_nodes(search: Search, parks: Parks) -> Placement | None:
    """The park in which the fewest nodes do, and of these the one where the least stays free beside the gang."""
    best: tuple[int, int, str] | None = None
    stocks = _stocks(search, parks)
    for park, stock in stocks.items():
        size = _size(stock, search.shape.replicas)
        if size is not None and (best is None or (*size, park) < best):
            best = (*size, park)
    if best is None:
        return None
    nodes, free_milli, park = best
    spread = _in_park(search, park, stocks[park], nodes)
    return Placement(park, places_on(search, spread.ranks), (nodes, 0, free_milli))


def _stocks(search: Search, parks: Parks) -> dict[str, list[Stock]]:
    """By park, the nodes that take at least a rank; those that take the most first, of these the tightest."""
    ranking, stocks, special = search.ranking(1), dict[str, list[Stock]](), _special(search)
    for _, state, bucket in ranking.best_first():
        ranks, free_milli = ranking.ask.ranks_in(state), state.milli(search.gpu_class or "")
        for park, nodes in bucket.nodes.items():
            if parks is not anywhere and not parks(park):
                continue
            special_here = special.get((state, park), ()) if special else ()
            odd = [one for one in special_here if search.most(one, ranks) < ranks]
            found = stocks.setdefault(park, [])
            found.append((ranks, free_milli, len(nodes) - len(odd), nodes))
            found += [(search.most(node_id, ranks), free_milli, 1, (node_id,)) for node_id in odd]
    for found in stocks.values():
        found.sort(key=_fullest_first)
    return stocks


def _fullest_first(stock: Stock) -> tuple[int, int]:
    return -stock[0], stock[1]


def _special(search: Search) -> dict[tuple[State, str], list[str]]:
    """The nodes that may not be as good as their state, by state and park."""
    found: dict[tuple[State, str], list[str]] = {}
    for node_id, state, park in search.special():
        found.setdefault((state, park), []).append(node_id)
    return found


def _size(stocks: list[Stock], replicas: int) -> tuple[int, int] | None:
    """How many nodes a gang would take, the fullest stock first, and what they have free; None when they are too few."""
    left, nodes, free_milli = replicas, 0, 0
    for position, (ranks, free, usable, _) in enumerate(stocks):
        if not ranks or not usable:
            continue
        whole = min(usable, left // ranks)
        left, nodes, free_milli = left - whole * ranks, nodes + whole, free_milli + whole * free
        if left == 0:
            return nodes, free_milli
        if whole < usable:
            return nodes + 1, free_milli + _tightest(stocks[position:], left)
    return None


def _tightest(stocks: list[Stock], left: int) -> int:
    return min(free_milli for ranks, free_milli, usable, _ in stocks if ranks >= left and usable)


def _in_park(search: Search, park: str, stocks: list[Stock], nodes: int) -> Spread:
    """On nodes of one switch if it takes no more of them, else of one rack, else on any."""
    candidates = sorted(_candidates(search, park, stocks), key=lambda one: (-one[0], one[1], one[2]))
    for scopes in _scopes(search, candidates):
        spreads = [_spread(scope, search.shape.replicas) for scope in scopes]
        good = [spread for spread in spreads if spread is not None and len(spread.ranks) == nodes]
        if good:
            return _numbered(search, min(good, key=lambda spread: (spread.free_milli, spread.ranks)))
    raise AssertionError(f"{park} has no room on {nodes} nodes after all")


def _candidates(search: Search, park: str, stocks: list[Stock]) -> Iterator[Candidate]:
    """Of nodes that are alike no more than the gang could use, unless it matters where they stand."""
    labelled = park in search.ledger.open.labelled
    for ranks, free_milli, _, nodes in stocks:
        fit = (one for one in nodes if ranks and search.most(one, ranks) == ranks)
        taken = ((ranks, free_milli, one) for one in fit)
        yield from taken if labelled else islice(taken, search.shape.replicas)


def _scopes(search: Search, candidates: list[Candidate]) -> Iterator[list[list[Candidate]]]:
    """The nodes of each switch, then those of each rack, then all."""
    for within in (Within.SWITCH, Within.RACK):
        groups: dict[str, list[Candidate]] = {}
        for one in candidates:
            name = search.ledger.rooms[one[2]].where.name(within)
            if name:
                groups.setdefault(name, []).append(one)
        yield [groups[name] for name in sorted(groups)]
    yield [candidates]


def _spread(candidates: list[Candidate], replicas: int) -> Spread | None:
    """The nodes that take the most first; the rest of the gang where it fits tightest."""
    left, ranks, free_milli = replicas, dict[str, int](), 0
    for most, free, node_id in candidates:
        if most >= left:
            others = [one for one in candidates if one[0] >= left and one[2] not in ranks]
            _, free, node_id = min(others, key=lambda one: (one[1], one[2]))
        ranks[node_id] = min(most, left)
        left, free_milli = left - ranks[node_id], free_milli + free
        if left == 0:
            return Spread(tuple(sorted(ranks.items())), free_milli)
    return None


def _numbered(search: Search, spread: Spread) -> Spread:
    """Neighbours get neighbouring ranks: rack by rack, and whom one switch serves together, by its first rack."""
    where = {node_id: search.ledger.rooms[node_id].where for node_id, _ in spread.ranks}
    racks = sorted((one.rack, one.switch) for one in where.values() if one.rack and one.switch)
    first_rack = {switch: rack for rack, switch in reversed(racks)}

    def place(node_id: str) -> tuple[str, ...]:
        rack, switch = where[node_id]
        return first_rack.get(switch, rack), switch, rack, node_id

    return Spread(tuple(sorted(spread.ranks, key=lambda one: place(one[0]))), spread.free_milli)
