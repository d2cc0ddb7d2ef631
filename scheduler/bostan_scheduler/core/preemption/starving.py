"""Reservations for those that starve: who has waited longest first, whatever the order says."""

from collections.abc import Iterator
from heapq import heapify, heappop

from bostan_scheduler.core.changes import Change, Reserve
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Job, Qos, Queued
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.preemption.quota_ends import Ends
from bostan_scheduler.core.timeline.earliest import reservation
from bostan_scheduler.core.timeline.reserved import Reserved


def keep_for_starving(desk: Desk) -> Iterator[Change]:
    """Room for each at the earliest instant that there is, until as many have a reservation as may."""
    settings, refused, ends = desk.snapshot.settings.preemption, set[Pair](), Ends(desk)
    may = settings.reservations_max - sum(one.ahead for one in desk.timeline.reserved.values())
    for job in _longest_first(desk) if may > 0 else ():
        pair = desk.queue.spots[job.id].pair
        kept = _keep(desk, ends, pair, job) if pair not in refused else None
        if kept is not None:
            yield Reserve(kept)
            may -= 1
        else:
            refused.add(pair)
        if may <= 0 or len(refused) >= settings.candidates_max:
            return


def _longest_first(desk: Desk) -> Iterator[Job]:
    """Those in line that have waited too long since they were queued. Scavengers run on what nobody else wants, and wait for that."""
    starving = after(desk.snapshot.now, -desk.snapshot.settings.preemption.starving_seconds)
    spots = desk.queue.spots.values()
    asks = (one.entry[-1] for one in spots if one.pair[1].qos is not Qos.SCAVENGER)
    waiting = [(since, job_id) for job_id in asks if (since := _since(desk, job_id)) <= starving]
    heapify(waiting)
    while waiting:
        yield desk.snapshot.jobs[heappop(waiting)[1]]


def _since(desk: Desk, job_id: str) -> Instant:
    phase = desk.snapshot.jobs[job_id].phase
    assert isinstance(phase, Queued), f"{job_id} does not wait"
    return phase.since


def _keep(desk: Desk, ends: Ends, pair: Pair, job: Job) -> Reserved | None:
    """The earliest room on the classes, from when on its leaf may hold it; None when there is none."""
    leaf, shape = desk.queue.leaves[pair[0]], pair[1]
    if not allowed(leaf, shape):
        return None
    begins = {one: ends.covered_at(leaf, shape, one) for one in classes_of(desk, shape) if one is not None}
    kept = reservation(desk, job, {one: at for one, at in begins.items() if at is not None})
    if kept is not None:
        desk.keep(kept)
    return kept
