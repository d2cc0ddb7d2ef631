"""Who may push whom out: the right of a waiting job to the room of running ones."""

from collections.abc import Callable
from dataclasses import dataclass

from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import WHOLE_GPU, Job, Qos, Queued, Shape
from bostan_scheduler.core.placement import Placement
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.planning.running import over_when_started
from bostan_scheduler.core.preemption.lending import Lending
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved

Readiness = Callable[[Victim], float]
"""Whom a claim takes first: whoever has the smallest number; of equals, whoever loses least work."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has to give way as things stand, and who of them first. `scavengers_only`: nobody else ever has to."""

    gives_way: Callable[[Victim], bool]
    before_others: Readiness
    scavengers_only: bool = False

    def order(self, victim: Victim) -> tuple[float, int, str]:
        """Who has to give way first is smallest."""
        return self.before_others(victim), victim.cost_gpu_seconds, victim.attempt.id


def _all_alike(_: Victim) -> float:
    return 0.0


def _longest_first(victim: Victim) -> float:
    """Whoever has most left to do is set back least by a pause."""
    return -victim.ask.pool_seconds


def may_claim(snapshot: Snapshot, job: Job) -> bool:
    """A job that made room waits for free GPUs until it has run again, or the one that it was for has finished.

    So no preemption causes another: before a job that made room may ask for it, work was done.
    """
    assert isinstance(job.phase, Queued), f"{job.id} does not wait"
    return job.made_room_for is None or job.made_room_for not in snapshot.jobs


def reclaim(desk: Desk, pair: Pair, gpu_class: str) -> Claim:
    """What a leaf or its branch is guaranteed, it gets back from those that borrowed it, and any firmer claim from scavengers; none from a firmer one."""
    spacing = desk.snapshot.settings.preemption.min_run_seconds
    lending = Lending(desk, desk.queue.leaves[pair[0]], gpu_class, pair[1].gpus)

    def gives_way(victim: Victim) -> bool:
        if victim.ran_seconds < spacing or victim.attempt.gpu_class != gpu_class:
            return False
        if victim.job.spec.qos.rank < pair[1].qos.rank:
            return False
        return _softer(pair[1], victim) or (lending.owed(victim) and lending.borrows(victim))

    return Claim(gives_way, _all_alike, scavengers_only=not lending.owed_at_all)


def gain(desk: Desk, pair: Pair, job: Job, gpu_class: str) -> Claim | None:
    """A job that is so much better takes the room of one of its own firm, or of one that only borrows; None without gains.

    One that must not wait takes it from any that may, and keeps its own.
    """
    rule, urgent = desk.queue.order.gain, desk.queue.urgent
    if rule is None or pair[1].qos is Qos.SCAVENGER:
        return None
    ask, hurries, restart_seconds = (
        desk.queue.spots[job.id].ask,
        job.id in urgent,
        desk.snapshot.settings.preemption.restart_seconds,
    )
    lending = Lending(desk, desk.queue.leaves[pair[0]], gpu_class, pair[1].gpus)

    def gives_way(victim: Victim) -> bool:
        return (
            victim.attempt.gpu_class == gpu_class
            and victim.ran_seconds >= rule.min_run_seconds
            and victim.job.spec.qos.rank >= pair[1].qos.rank
            and victim.job.spec.checkpoint_on_signal
            and (victim.attempt.firm == pair[1].firm or lending.borrows(victim))
            and victim.job.id not in urgent
            and (hurries or rule.enough(ask, victim.ask, restart_seconds))
        )

    return Claim(gives_way, _longest_first)


def _softer(shape: Shape, victim: Victim) -> bool:
    return shape.qos is not Qos.SCAVENGER and victim.scavenges


def keep_for(desk: Desk, job: Job, gpu_class: str, placement: Placement, stop_seconds: int) -> Reserved:
    """What is given up within `stop_seconds` is for this job; it lapses when that takes too long."""
    now, gpus = desk.snapshot.now, dict[str, set[str]]()
    for place in placement.places:
        gpus.setdefault(place.node_id, set()).update(place.gpus)
    lapses_at = after(now, stop_seconds + desk.snapshot.settings.preemption.claim_seconds)
    until_at = over_when_started(desk.snapshot, job, lapses_at)
    kept = tuple(sorted((node_id, len(uuids)) for node_id, uuids in gpus.items()))
    parts = placement.places if job.spec.rank.gpu_milli < WHOLE_GPU else ()
    return Reserved(job.id, placement.park, gpu_class, kept, now, now, lapses_at, until_at, parts)
