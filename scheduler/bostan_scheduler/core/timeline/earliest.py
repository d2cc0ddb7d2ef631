"""When a gang that has no room now will have it, if what runs takes as long as it may."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import WHOLE_GPU, Job
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.running import over_when_started
from bostan_scheduler.core.timeline.reserved import Reserved
from bostan_scheduler.core.timeline.taken import Holder, holders_on


@dataclass(frozen=True, slots=True)
class Opening:
    """From `at` on, these nodes of a park have room for the whole gang."""

    at: Instant
    park: str
    gpu_class: str
    ranks: tuple[tuple[str, int], ...]


def reservation(desk: Desk, job: Job, gpu_classes: Iterable[str]) -> Reserved | None:
    """GPUs kept for a gang at the earliest instant that there is; None when no park could ever hold it."""
    openings = [one for gpu_class in gpu_classes for one in _openings(desk, job, gpu_class)]
    best = min(openings, key=lambda one: (one.at, one.park, one.gpu_class), default=None)
    if best is None:
        return None
    gpus = tuple((node_id, _whole_gpus(job, ranks)) for node_id, ranks in best.ranks)
    lapses_at = after(best.at, desk.snapshot.settings.preemption.claim_seconds)
    until_at = over_when_started(desk.snapshot, job, lapses_at)
    now = desk.snapshot.now
    return Reserved(job.id, best.park, best.gpu_class, gpus, now, best.at, lapses_at, until_at)


def _whole_gpus(job: Job, ranks: int) -> int:
    """GPUs for so many ranks, none of them shared with other jobs."""
    return -(-ranks // _sharing(job)) * job.spec.rank.gpus


def _sharing(job: Job) -> int:
    """How many ranks share a GPU."""
    return WHOLE_GPU // job.spec.rank.gpu_milli


def _openings(desk: Desk, job: Job, gpu_class: str) -> Iterator[Opening]:
    for park in desk.room.pools_of(gpu_class):
        if job.spec.parks.admit(park):
            opening = _in_park(desk, job, gpu_class, park)
            if opening is not None:
                yield opening


def _in_park(desk: Desk, job: Job, gpu_class: str, park: str) -> Opening | None:
    """Walk through the ends of what runs and of what is kept for others, the soonest first, until enough ranks fit."""
    kept = [
        one for one in desk.timeline.reserved.values() if one.job_id != job.id and one.gpu_class == gpu_class
    ]
    set_aside = desk.timeline.set_aside(desk.snapshot, job.shape, gpu_class)
    free = {
        node_id: count - kept_on(kept, node_id) - set_aside.get(node_id, 0)
        for node_id, count in desk.room.nodes_with(park, gpu_class)
    }
    opening = _opening(job, gpu_class, park, desk.snapshot.now, free)
    for at, node_id, gpus in _ends(desk, gpu_class, free, kept):
        if opening is not None:
            return opening
        free[node_id] += gpus
        opening = _opening(job, gpu_class, park, at, free)
    return opening


def kept_on(kept: Iterable[Reserved], node_id: str) -> int:
    """How many free GPUs of a node are kept for others; parts are held for them, and so not free."""
    return sum(gpus for one in kept if not one.parts for node, gpus in one.gpus if node == node_id)


def _ends(
    desk: Desk, gpu_class: str, nodes: Collection[str], kept: Iterable[Reserved]
) -> list[tuple[Instant, str, int]]:
    held = (
        (at, node_id, gpus)
        for node_id in nodes
        for at, gpus in _freed(holders_on(desk.snapshot, desk.running, kept, node_id, gpu_class))
    )
    wholes = (one for one in kept if not one.parts)
    others = ((one.until_at, node, gpus) for one in wholes for node, gpus in one.gpus if node in nodes)
    return sorted((*held, *others))


def _freed(holders: Iterable[Holder]) -> Iterator[tuple[Instant, int]]:
    """When how many GPUs are free again: one that is shared when its last holder ends."""
    in_turn = sorted(holders, key=lambda one: one.until_at)
    last = {uuid: position for position, one in enumerate(in_turn) for uuid in one.gpus}
    for position, gpus in Counter(last.values()).items():
        yield in_turn[position].until_at, gpus


def _opening(job: Job, gpu_class: str, park: str, at: Instant, free: dict[str, int]) -> Opening | None:
    """The fewest nodes that hold the gang, the emptiest first."""
    left, ranks = job.spec.replicas, dict[str, int]()
    for node_id, count in sorted(free.items(), key=lambda one: (-one[1], one[0])):
        fits = min(left, count // job.spec.rank.gpus * _sharing(job))
        if fits <= 0:
            break
        ranks[node_id] = fits
        left -= fits
        if left == 0:
            return Opening(at, park, gpu_class, tuple(sorted(ranks.items())))
    return None
