"""Ranks without GPUs: one by one, where they leave the most GPUs usable."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.placement.gpus import TRIED
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.placement.search import Parks, Search
from bostan_scheduler.core.room.held import Claim


def without_gpus(search: Search, parks: Parks) -> Placement | None:
    """All ranks in the first park that takes them; the park that is best for the first rank goes first."""
    for park in _parks(search, parks):
        found = _in_park(search, park)
        if found is not None:
            return found
    return None


def _parks(search: Search, parks: Parks) -> Iterator[str]:
    ranking = search.ranking(1)
    buckets = [bucket for _, _, bucket in ranking.best_first()]
    yield from dict.fromkeys(park for bucket in buckets for park in bucket.parks if parks(park))


def _in_park(search: Search, park: str) -> Placement | None:
    tried: list[str] = []
    places: list[Place] = []
    cost: tuple[int, ...] = ()
    for rank in range(search.shape.replicas):
        found = _next(search, park)
        if found is None:
            break
        cost, node_id = found
        places.append(Place(rank, node_id, ()))
        tried.append(f"{TRIED}.{rank}")
        search.ledger.put_claim(tried[-1], Claim(search.shape.rank, search.shape.firm, (places[-1],)))
    for claim_id in tried:
        search.ledger.release(claim_id)
    return Placement(park, tuple(places), cost) if len(places) == search.shape.replicas else None


def _next(search: Search, park: str) -> tuple[tuple[int, ...], str] | None:
    for score, _, bucket in search.ranking(1).best_first():
        spot = search.first(bucket, park.__eq__, 1)
        if spot is not None:
            return score, spot[1]
    return None
