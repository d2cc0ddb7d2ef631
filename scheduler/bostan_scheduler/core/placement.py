"""Which GPUs a gang gets: one park, as few nodes as can be, the tightest fit, GPUs that are linked."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.ledger import Ledger, NodeRoom
from bostan_scheduler.core.node import Gpu


@dataclass(frozen=True, slots=True)
class Placement:
    """A whole gang's places in one park."""

    park: str
    places: tuple[Place, ...]


def place(ledger: Ledger, shape: Shape, gpu_class: str | None) -> Placement | None:
    """The best placement of a gang, or None when no park has room for all of it.

    Nodes to avoid are left out as long as the others suffice.
    """
    avoid = frozenset(shape.avoid_nodes)
    return _best(ledger, shape, gpu_class, avoid) or (
        _best(ledger, shape, gpu_class, frozenset()) if avoid else None
    )


def _best(ledger: Ledger, shape: Shape, gpu_class: str | None, avoid: frozenset[str]) -> Placement | None:
    spreads = (_in_park(ledger, shape, gpu_class, park, avoid) for park in parks(ledger, shape))
    best = min((one for one in spreads if one is not None), key=lambda one: _cost(shape, one), default=None)
    return None if best is None else Placement(best.park, _places(ledger, shape, gpu_class, best))


def parks(ledger: Ledger, shape: Shape) -> Iterator[str]:
    """The parks that a shape may run in."""
    return (park for park in sorted(ledger.parks) if shape.parks.admit(park))


@dataclass(frozen=True, slots=True)
class Spread:
    """How many ranks each node takes; `waste` is what stays free on the nodes used."""

    park: str
    ranks: tuple[tuple[str, int], ...]
    waste: int

    @property
    def nodes(self) -> int:
        """How many nodes it uses."""
        return len(self.ranks)


def _cost(shape: Shape, spread: Spread) -> tuple[int, int, int, str]:
    """Parks that are preferred come first, then few nodes, then little left over beside the gang."""
    prefer = shape.parks.prefer
    preference = prefer.index(spread.park) if spread.park in prefer else len(prefer)
    return preference, spread.nodes, spread.waste, spread.park


def _in_park(
    ledger: Ledger, shape: Shape, gpu_class: str | None, park: str, avoid: frozenset[str]
) -> Spread | None:
    if gpu_class is None:
        return _without_gpus(ledger, shape, park, avoid)
    single = _tightest(ledger, shape, gpu_class, park, shape.replicas, avoid)
    if single is not None:
        return _spread(ledger, shape, gpu_class, park, {single: shape.replicas})
    return _over_nodes(ledger, shape, gpu_class, park, avoid)


def _tightest(
    ledger: Ledger, shape: Shape, gpu_class: str, park: str, ranks: int, avoid: frozenset[str]
) -> str | None:
    """The node with the fewest free GPUs that takes so many ranks; of equals, the first by name."""
    buckets = ledger.by_free[park, gpu_class]
    for free in sorted(count for count in buckets if count >= ranks * shape.rank.gpus):
        for node_id in buckets[free]:
            if node_id not in avoid and ledger.rooms[node_id].fits(gpu_class, shape.rank) >= ranks:
                return node_id
    return None


def _over_nodes(
    ledger: Ledger, shape: Shape, gpu_class: str, park: str, avoid: frozenset[str]
) -> Spread | None:
    """The emptiest nodes first, so that few are used; the rest of the gang where it fits tightest."""
    left, taken = shape.replicas, dict[str, int]()
    for node_id in _emptiest_first(ledger, shape, gpu_class, park):
        if node_id in avoid:
            continue
        fits = min(ledger.rooms[node_id].fits(gpu_class, shape.rank), left)
        if fits == left and taken:
            others = avoid | taken.keys()
            node_id = _tightest(ledger, shape, gpu_class, park, left, others) or node_id
        if fits:
            taken[node_id] = fits
            left -= fits
        if left == 0:
            return _spread(ledger, shape, gpu_class, park, taken)
    return None


def _emptiest_first(ledger: Ledger, shape: Shape, gpu_class: str, park: str) -> Iterator[str]:
    buckets = ledger.by_free[park, gpu_class]
    for free in sorted((count for count in buckets if count >= shape.rank.gpus), reverse=True):
        yield from tuple(buckets[free])


def _without_gpus(ledger: Ledger, shape: Shape, park: str, avoid: frozenset[str]) -> Spread | None:
    """Ranks without GPUs go one by one to the node with the fewest ranks."""
    taken: dict[str, int] = defaultdict(int)
    nodes = [node_id for node_id in ledger.parks[park] if node_id not in avoid]
    for _ in range(shape.replicas):
        open_nodes = [one for one in nodes if ledger.rooms[one].fits(None, shape.rank) > taken[one]]
        if not open_nodes:
            return None
        taken[min(open_nodes, key=lambda one: (ledger.rooms[one].ranks + taken[one], one))] += 1
    return Spread(park, tuple(sorted((one, count) for one, count in taken.items() if count)), 0)


def _spread(ledger: Ledger, shape: Shape, gpu_class: str, park: str, taken: dict[str, int]) -> Spread:
    free = sum(len(ledger.rooms[node_id].free[gpu_class]) for node_id in taken)
    return Spread(park, tuple(sorted(taken.items())), free - shape.gpus)


def _places(ledger: Ledger, shape: Shape, gpu_class: str | None, spread: Spread) -> tuple[Place, ...]:
    """Ranks numbered node by node, each with GPUs of its own."""
    places: list[Place] = []
    for node_id, ranks in spread.ranks:
        for gpus in _share_out(ledger.rooms[node_id], shape.rank.gpus, gpu_class, ranks):
            places.append(Place(len(places), node_id, gpus))
    return tuple(places)


def _share_out(room: NodeRoom, gpus: int, gpu_class: str | None, ranks: int) -> Iterator[tuple[str, ...]]:
    free = list(room.free.get(gpu_class or "", ()))
    for _ in range(ranks):
        chosen = linked(free, gpus)
        free = [gpu for gpu in free if gpu not in chosen]
        yield tuple(gpu.uuid for gpu in chosen)


def linked(free: list[Gpu], count: int) -> tuple[Gpu, ...]:
    """`count` of the free GPUs: of the smallest link group that has enough, else of the largest groups."""
    assert 0 <= count <= len(free), f"{count} of {len(free)} GPUs"
    groups: dict[int, list[Gpu]] = defaultdict(list)
    for gpu in free:
        groups[gpu.link_group].append(gpu)
    enough = [group for group in groups.values() if len(group) >= count]
    if enough:
        return tuple(min(enough, key=len)[:count])
    together = sorted(groups.values(), key=len, reverse=True)
    return tuple(gpu for group in together for gpu in group)[:count]
