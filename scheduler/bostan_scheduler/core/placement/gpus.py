"""Which GPUs of its node each rank gets: linked ones, or the part that leaves the most to others."""

from collections.abc import Iterable, Iterator
from operator import itemgetter

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.placement.allowance import Allowance
from bostan_scheduler.core.placement.search import Search
from bostan_scheduler.core.room.held import Claim

_first_two = itemgetter(0, 1)
TRIED = "tried"
"""Claims under this name stand only while a gang is being placed."""


def places_on(search: Search, spread: Iterable[tuple[str, int]]) -> tuple[Place, ...]:
    """Ranks numbered node by node, each with GPUs of its own."""
    places: list[Place] = []
    share_out = _parts if search.shape.rank.gpu_milli < WHOLE_GPU else _wholes
    for node_id, ranks in spread:
        for gpus in share_out(search, node_id, ranks):
            places.append(Place(len(places), node_id, gpus))
    return tuple(places)


def _wholes(search: Search, node_id: str, ranks: int) -> list[tuple[str, ...]]:
    assert search.gpu_class is not None, "ranks without GPUs share nothing out"
    free = search.ledger.rooms[node_id].free(search.gpu_class, search.ledger.held)
    chosen = [linked(free, search.shape.rank.gpus)]
    while len(chosen) < ranks:
        free = [[uuid for uuid in group if uuid not in chosen[-1]] for group in free]
        chosen.append(linked(free, search.shape.rank.gpus))
    return chosen


def linked(groups: list[list[str]], count: int) -> tuple[str, ...]:
    """`count` of the free GPUs: of the smallest link group that has enough, else of the largest groups."""
    enough = [group for group in groups if len(group) >= count]
    if enough:
        return tuple(min(enough, key=len)[:count])
    together = sorted(groups, key=len, reverse=True)
    chosen = tuple(uuid for group in together for uuid in group)[:count]
    assert len(chosen) == count, f"{count} GPUs of {groups}"
    return chosen


def _parts(search: Search, node_id: str, ranks: int) -> list[tuple[str, ...]]:
    """One after the other, since each changes what is left for the next."""
    ledger, chosen, tried = search.ledger, list[tuple[str, ...]](), list[str]()
    allowance = search.allowance(node_id)
    for rank in range(ranks):
        uuid = _part(search, node_id, allowance, ranks - rank - 1)
        allowance = allowance.less(uuid) if allowance is not None else None
        chosen.append((uuid,))
        if rank + 1 < ranks:
            tried.append(f"{TRIED}.{rank}")
            place = Place(0, node_id, chosen[-1])
            ledger.put_claim(tried[-1], Claim(search.shape.rank, search.shape.firm, (place,)))
    for claim_id in tried:
        ledger.release(claim_id)
    return chosen


def _part(search: Search, node_id: str, allowance: Allowance | None, more: int) -> str:
    """The GPU that a part is best taken of, among those that leave so many more parts within what is allowed."""
    best_first = _best_first(search, node_id)
    return next(uuid for uuid in best_first if allowance is None or allowance.allows(uuid, more))


def _best_first(search: Search, node_id: str) -> Iterator[str]:
    """One with as much left as is best, then those with the least left. Whole ones are alike, so that one is enough."""
    held, room, gpu_class = search.ledger.held, search.ledger.rooms[node_id], search.gpu_class
    assert gpu_class is not None
    assert room.state is not None, f"{node_id} is not open"
    best = search.ranking(1).part(room.state)
    shared = [(left != best, left, uuid) for left, uuid in room.shared(gpu_class, search.shape.firm, held)]
    whole = next(([uuid] for group in room.free(gpu_class, held) for uuid in group), [])
    if best == WHOLE_GPU:
        yield from whole
    yield from (
        uuid for _, left, uuid in sorted(shared, key=_first_two) if left >= search.shape.rank.gpu_milli
    )
    if best < WHOLE_GPU:
        yield from whole
