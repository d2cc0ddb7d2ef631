"""Which GPUs of its node each rank gets: linked ones, or the part that leaves the most to others."""

from collections.abc import Iterable, Iterator

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.node import Gpu
from bostan_scheduler.core.placement.search import Search
from bostan_scheduler.core.room.held import Claim

TRIED = "tried"
"""Claims under this name stand only while a gang is being placed."""


def places_on(search: Search, spread: Iterable[tuple[str, int]]) -> tuple[Place, ...]:
    """Ranks numbered node by node, each with GPUs of its own."""
    places: list[Place] = []
    for node_id, ranks in spread:
        for gpus in _share_out(search, node_id, ranks):
            places.append(Place(len(places), node_id, gpus))
    return tuple(places)


def _share_out(search: Search, node_id: str, ranks: int) -> Iterator[tuple[str, ...]]:
    assert search.gpu_class is not None, "ranks without GPUs share nothing out"
    if search.shape.rank.gpu_milli < WHOLE_GPU:
        yield from _parts(search, node_id, ranks)
        return
    free = search.ledger.rooms[node_id].free(search.gpu_class, search.ledger.held)
    for _ in range(ranks):
        chosen = linked(free, search.shape.rank.gpus)
        free = [gpu for gpu in free if gpu not in chosen] if ranks > 1 else free
        yield tuple(gpu.uuid for gpu in chosen)


def linked(free: list[Gpu], count: int) -> tuple[Gpu, ...]:
    """`count` of the free GPUs: of the smallest link group that has enough, else of the largest groups."""
    assert 0 < count <= len(free), f"{count} of {len(free)} GPUs"
    groups: dict[int, list[Gpu]] = {}
    for gpu in free:
        groups.setdefault(gpu.link_group, []).append(gpu)
    enough = [group for group in groups.values() if len(group) >= count]
    if enough:
        return tuple(min(enough, key=len)[:count])
    together = sorted(groups.values(), key=len, reverse=True)
    return tuple(gpu for group in together for gpu in group)[:count]


def _parts(search: Search, node_id: str, ranks: int) -> list[tuple[str, ...]]:
    """One after the other, since each changes what is left for the next."""
    ledger, chosen, tried = search.ledger, list[tuple[str, ...]](), list[str]()
    for rank in range(ranks):
        chosen.append((_part(search, node_id),))
        if rank + 1 < ranks:
            tried.append(f"{TRIED}.{rank}")
            place = Place(0, node_id, chosen[-1])
            ledger.put_claim(tried[-1], Claim(search.shape.rank, search.shape.firm, (place,)))
    for claim_id in tried:
        ledger.release(claim_id)
    return chosen


def _part(search: Search, node_id: str) -> str:
    """The GPU that a part is best taken of."""
    ledger, room, ask = search.ledger, search.ledger.rooms[node_id], search.ask(1)
    assert ask.gpu_class is not None
    assert room.state is not None, f"{node_id} is not open"
    left = ledger.ranking(ask).part(room.state)
    shared = (uuid for of, uuid in room.shared(ask.gpu_class, ask.firm, ledger.held) if of == left)
    found = next(shared, None)
    return found if found is not None else room.free(ask.gpu_class, ledger.held)[0].uuid
