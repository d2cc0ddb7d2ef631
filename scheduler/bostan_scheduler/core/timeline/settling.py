"""Parts of parks get their nodes for good before anybody is asked to go for them.

Why they stay then: docs/decisions/0021.
"""

from collections.abc import Iterable, Iterator

from bostan_scheduler.core.changes import Pin
from bostan_scheduler.core.obstacle import Part, Pins
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.timeline.clearing import goes_on, may_stay
from bostan_scheduler.core.timeline.pins import Liked, Pinning, block_of, settles_at
from bostan_scheduler.core.timeline.taken import Holder, holder_of

OWN, FREE, SAVES, LOSES = range(4)
"""What a part likes best: GPUs of who may stay, then those free when it begins, of who saves itself, of who loses work."""


def settle(desk: Desk) -> Iterator[Pin]:
    """Pin those that are near and not settled, or that have lost nodes; the others stay where they are."""
    timeline, snapshot = desk.timeline, desk.snapshot
    if timeline.settled:
        return
    new = tuple(_moved(desk))
    if new:
        timeline.pin(snapshot, {**snapshot.pins, **{one.pins.obstacle_id: one.pins for one in new}})
    timeline.settled = True
    yield from new


def _moved(desk: Desk) -> Iterator[Pin]:
    snapshot, pinning = desk.snapshot, Pinning.of(desk.snapshot)
    for part in pinning.parts:
        if settles_at(part) <= snapshot.now:
            pins = pinning.pin(part, lambda part, node_id, gpus: _likes(desk, part, node_id, gpus))
            if pins != snapshot.pins.get(part.id, Pins(part.id, ())):
                yield Pin(pins)


def _likes(desk: Desk, part: Part, node_id: str, gpus: int) -> Iterator[Liked]:
    begin, block = max(desk.snapshot.now, part.from_at), block_of(part, node_id, gpus)
    holders = [one for one in _holders(desk, part, node_id) if one.until_at > begin]
    own = _gpus(one for one in holders if may_stay(one, block))
    others = [one for one in holders if not may_stay(one, block)]
    loses = _gpus(one for one in others if one.saves_within_seconds is None) - own
    saves = _gpus(others) - loses - own
    free = max(0, gpus - len(own) - len(loses) - len(saves))
    yield from ((OWN, len(own)), (FREE, free), (SAVES, len(saves)), (LOSES, len(loses)))


def _holders(desk: Desk, part: Part, node_id: str) -> Iterator[Holder]:
    """Whoever is on his way out already is as good as gone."""
    for attempt in desk.running.on(node_id):
        if attempt.gpu_class == part.gpu_class and goes_on(attempt):
            yield holder_of(desk.snapshot, attempt, node_id)


def _gpus(holders: Iterable[Holder]) -> set[str]:
    return {uuid for one in holders for uuid in one.gpus}
