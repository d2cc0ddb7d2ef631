"""Where a gang goes: one park, as few nodes as can be, where it leaves the most that others can use, then tightest."""

from collections.abc import Iterable, Mapping

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.placement.avoiding import wishes
from bostan_scheduler.core.placement.gang import over_nodes
from bostan_scheduler.core.placement.gpus import places_on
from bostan_scheduler.core.placement.loose import without_gpus
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.placement.search import Parks, Search, tiers
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.where import Within

NO_LIMITS: Mapping[str, int] = {}
_ONE_NODE = (1, int(Within.SWITCH))


def place(
    ledger: Ledger,
    shape: Shape,
    gpu_class: str | None,
    limits: Mapping[str, int] = NO_LIMITS,
    park: str | None = None,
) -> Placement | None:
    """The best placement of a gang, or None when no park has room for all of it.

    Nodes to avoid are left out as long as the others suffice; then the oldest are forgotten first. `limits` says how many GPUs of the class it may take
    on a node; a node that is not named has no limit. With a `park`, only that one is looked at, whether the shape admits it or not.
    """
    searches = [Search(ledger, shape, gpu_class, limits, avoid) for avoid in wishes(ledger, shape)]
    parks = (park.__eq__,) if park is not None else tuple(tiers(shape))
    found = _best(searches[0], parks)
    if found is not None or len(searches) == 1:
        return found
    loosest = _best(searches[-1], parks)
    if loosest is None:
        return None
    return next(filter(None, (_best(search, parks) for search in searches[1:-1])), loosest)


def _best(search: Search, tiers_of_parks: Iterable[Parks]) -> Placement | None:
    for parks in tiers_of_parks:
        found = _in_parks(search, parks)
        if found is not None:
            return found
    return None


def _in_parks(search: Search, parks: Parks) -> Placement | None:
    if search.gpu_class is None:
        return without_gpus(search, parks)
    found = _on_one_node(search, parks)
    return found if found is not None or search.shape.replicas == 1 else over_nodes(search, parks)


def _on_one_node(search: Search, parks: Parks) -> Placement | None:
    ranks = search.shape.replicas
    ranking = search.ranking(ranks)
    for score, _, bucket in ranking.best_first():
        spot = search.first(bucket, parks, ranks)
        if spot is not None:
            park, node_id = spot
            return Placement(park, places_on(search, ((node_id, ranks),)), (*_ONE_NODE, *score))
    return None
