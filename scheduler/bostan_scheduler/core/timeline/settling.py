"""Parts of parks get their nodes for good before anybody is asked to go for them.

Why they stay then: docs/decisions/0021.
"""

from collections.abc import Iterable, Iterator

from bostan_scheduler.core.changes import Pin
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.obstacle import AdvanceReservation, Part, Pins
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.timeline.clearing import goes_on, may_stay
from bostan_scheduler.core.timeline.pins import Liked, Pinning, block_of, settles_at
from bostan_scheduler.core.timeline.taken import Holder, holder_of

OWN, FREE, SAVES, PROMISED, LOSES = range(5)
"""What a part likes best: GPUs of who may stay, then those free when it begins, of who saves itself, those that are kept for
a job that waits for them, whoever is there until then, and last of who loses its work.
"""


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
    promised = _promised(desk, part, node_id, begin)
    free, left = gpus - len(own) - len(saves) - len(loses) - promised, gpus - promised
    for how, most in ((OWN, len(own)), (FREE, free), (SAVES, len(saves))):
        count = max(0, min(most, left))
        left, gpus = left - count, gpus - count
        yield how, count
    yield from ((PROMISED, gpus - len(loses)), (LOSES, gpus))


def _promised(desk: Desk, part: Part, node_id: str, begin: Instant) -> int:
    """GPUs that are kept for jobs of others, which may be there when the part begins or later."""
    firm = part.firm if isinstance(part, AdvanceReservation) else None
    return sum(
        dict(one.gpus).get(node_id, 0)
        for one in desk.timeline.reserved.values()
        if one.gpu_class == part.gpu_class
        and one.until_at > begin
        and one.from_at < part.until_at
        and (job := desk.snapshot.jobs.get(one.job_id)) is not None
        and job.spec.firm != firm
    )


def _holders(desk: Desk, part: Part, node_id: str) -> Iterator[Holder]:
    """Whoever is on his way out already is as good as gone."""
    for attempt in desk.running.on(node_id):
        if attempt.gpu_class == part.gpu_class and goes_on(attempt):
            yield holder_of(desk.snapshot, attempt, node_id)


def _gpus(holders: Iterable[Holder]) -> set[str]:
    return {uuid for one in holders for uuid in one.gpus}
