"""Start what fits now, in turn."""

from collections.abc import Iterator, Mapping

from bostan_scheduler.core.attempt import Attempt, Fencing, Offered, RankOffered
from bostan_scheduler.core.draft import attempt_id
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Fit, Job
from bostan_scheduler.core.planning.awaited import Awaited
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import Fits, classes_of, judge, may_start
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.planning.turns import Turns
from bostan_scheduler.core.quota import QuotaNode

Classes = tuple[str | None, ...]
_OFFERED = RankOffered()


def start_what_fits(desk: Desk) -> Iterator[Attempt]:
    """The attempts that start now; each is on the desk already when the next is looked for."""
    return _in_turn(desk) if desk.queue.order.passes else _in_line(desk)


def _in_turn(desk: Desk) -> Iterator[Attempt]:
    """Whoever does not fit is passed."""
    classes = {fit: found for fit in desk.queue.fits() if (found := _open_classes(desk, fit))}
    least, turns = _least(classes), Turns(desk)
    turns.add(_open_pairs(desk, classes))
    for pair in turns:
        fits = judge(desk, pair)
        if fits is not None:
            yield _start_first(desk, pair, fits)
        elif all(desk.room.free(gpu_class) < gpus for gpu_class, gpus in least.items()):
            return
        else:
            turns.drop()


def _in_line(desk: Desk) -> Iterator[Attempt]:
    """Nobody starts on a class that one before him waits for."""
    turns, awaited = Turns(desk), Awaited()
    turns.add(desk.queue.lines)
    for pair in turns:
        fits = judge(desk, pair, awaited.for_leaf(pair[0]))
        if fits is not None:
            yield _start_first(desk, pair, fits)
        else:
            awaited.wait(desk, pair)
            turns.drop()


def _open_classes(desk: Desk, fit: Fit) -> Classes:
    """The classes in which there may be room: it only shrinks from here on, so in no other."""
    shape = next(iter(desk.queue.of_fit(fit)))[1]
    classes = (one for one in classes_of(desk, shape) if desk.room.free(one) >= fit.whole_gpus)
    if not desk.timeline.empty:
        return tuple(classes)
    return tuple(one for one in classes if not desk.memory.is_full(fit, one))


def _least(classes: Mapping[Fit, Classes]) -> dict[str | None, int]:
    """The fewest whole GPUs of each class with which something may still start."""
    least: dict[str | None, int] = {}
    for fit, of_fit in classes.items():
        for gpu_class in of_fit:
            least[gpu_class] = min(fit.whole_gpus, least.get(gpu_class, fit.whole_gpus))
    return least


def _open_pairs(desk: Desk, classes: Mapping[Fit, Classes]) -> Iterator[Pair]:
    """The lines that may have something to start."""
    for fit, of_fit in classes.items():
        for pair in desk.queue.of_fit(fit):
            for gpu_class in of_fit:
                if may_start(desk, pair, gpu_class):
                    yield pair
                    break


def _start_first(desk: Desk, pair: Pair, fits: Fits) -> Attempt:
    entry = desk.queue.head(pair)
    assert entry is not None, "a line in turn has a job"
    return start(desk, desk.queue.leaves[pair[0]], desk.snapshot.jobs[entry[-1]], fits)


def start(desk: Desk, leaf: QuotaNode, job: Job, fits: Fits) -> Attempt:
    """A waiting job starts there."""
    attempt = new_attempt(desk, leaf, job, fits)
    assert len(attempt.places) == job.spec.replicas, f"{job.id} would start in part"
    assert attempt.gpus == job.spec.gpus, f"{job.id} would get other GPUs than it asks"
    desk.start(attempt, job)
    return attempt


def new_attempt(desk: Desk, leaf: QuotaNode, job: Job, fits: Fits) -> Attempt:
    """The job's next attempt, offered now to the nodes of its placement."""
    snapshot, settings, number = desk.snapshot, desk.snapshot.settings, job.attempts + 1
    checkpoint = job.checkpoint_for(0)
    return Attempt(
        id=attempt_id(job.id, number),
        job_id=job.id,
        firm=job.spec.firm,
        project=job.spec.project,
        quota_id=leaf.id,
        number=number,
        fencing=Fencing(snapshot.epoch, desk.next_fencing()),
        park=fits.placement.park,
        gpu_class=fits.gpu_class,
        places=fits.placement.places,
        seen=(_OFFERED,) * len(fits.placement.places),
        created_at=snapshot.now,
        phase=Offered(snapshot.now, after(snapshot.now, settings.start_within_seconds)),
        lease_seconds=min(job.spec.lease_seconds or settings.lease_seconds, settings.lease_seconds),
        time_limit_seconds=job.spec.time_limit_seconds,
        resumed_from_step=checkpoint.step if checkpoint is not None else None,
    )
