"""Helps that others would have to grant: a firmer claim to the GPUs of running jobs, and more quota."""

from collections.abc import Iterator
from dataclasses import replace
from heapq import nlargest

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.job import Job, Qos, Shape
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.preemption.claims import gain, may_claim, reclaim
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.round import Round
from bostan_scheduler.core.preemption.victim import Victim, victims
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.waits import named
from bostan_scheduler.core.why.attempting import in_quota
from bostan_scheduler.core.why.help import Help, HelpKind, Raise, help_by
from bostan_scheduler.core.why.kept import raised
from bostan_scheduler.core.why.look import Look

VICTIMS_TRIED = 300
"""How many running jobs are looked at, so that a question costs little however many there are."""


def with_a_firmer_claim(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """A standard claim, when running jobs would make room for that, and not for a scavenger's anyway.

    A reserved one takes from nobody who keeps his GPUs from a standard one: it only is not taken from itself.
    """
    desk, leaf = look.desk, look.desk.leaf(job)
    asks_already = leaf is None or job.id not in desk.queue.spots or not may_claim(desk.snapshot, job)
    if leaf is None or asks_already or shape.qos is not Qos.SCAVENGER or not allowed(leaf, shape):
        return
    pool = list(victims(desk, _longest_left(desk, shape)))
    if not pool or _victims_of(look, leaf, job, shape, pool):
        return
    changed = replace(shape, qos=Qos.STANDARD)
    gone = _victims_of(look, leaf, job, changed, pool)
    if gone:
        yield help_by(HelpKind.QOS, 0.5, changed, qos=changed.qos, jobs=gone)


def _longest_left(desk: Desk, shape: Shape) -> list[Attempt]:
    """Running jobs in its classes, as many as are looked at: scavengers first, then those that may still take most."""
    classes, jobs = set(classes_of(desk, shape)), desk.snapshot.jobs
    running = (one for one in desk.running.attempts.values() if one.gpu_class in classes)

    def most_left(attempt: Attempt) -> tuple[bool, int, str]:
        spec = jobs[attempt.job_id].spec
        over_at = (attempt.started_at or 0) + 1000 * attempt.time_limit_seconds
        return spec.qos is Qos.SCAVENGER, spec.gpus * (over_at - desk.snapshot.now), attempt.id

    return nlargest(VICTIMS_TRIED, running, most_left)


def _victims_of(look: Look, leaf: QuotaNode, job: Job, shape: Shape, pool: list[Victim]) -> int:
    """How many running jobs would be asked to go in the next round, were it this job's turn."""
    desk, pair = look.desk, (leaf.id, shape)
    asked = Round(desk, Pool.of(pool))
    for gpu_class in classes_of(desk, shape):
        if gpu_class is None or gpu_class in look.awaited:
            continue
        if _some_give_way(desk, pair, job, gpu_class, pool):
            made = asked.make_room(pair, job, gpu_class)
            look.forget_room()
            if made is not None:
                return len(made[0].victims)
    return 0


def _some_give_way(desk: Desk, pair: Pair, job: Job, gpu_class: str, pool: list[Victim]) -> bool:
    """Found fast: else it need not be looked who would."""
    claims = reclaim(desk, pair, gpu_class), gain(desk, pair, job, gpu_class)
    return any(one.gives_way(victim) for one in claims if one is not None for victim in pool)


def with_more_quota(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """The lowest node of the tree that alone is in the way, and how many GPUs more it would have to allow."""
    desk, leaf = look.desk, look.desk.leaf(job)
    if leaf is None or not allowed(leaf, shape):
        return
    for gpu_class in classes_of(desk, shape):
        if gpu_class is None or gpu_class in look.awaited or in_quota(desk, leaf, shape, gpu_class):
            continue
        found = _raise(desk, leaf, shape, gpu_class)
        if found is not None and look.has_room(shape, gpu_class):
            more = found.more.count
            numbers = named({"quota": found.quota, "gpu_class": gpu_class, "more": more})
            yield Help(HelpKind.QUOTA, 1.0 + more / shape.gpus, numbers, raises=found)


def _raise(desk: Desk, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Raise | None:
    more = Gpus.of(shape.gpus - desk.books.quotas.available(leaf, gpu_class).count)
    for node in desk.books.tree.up(leaf):
        with raised(desk, node, gpu_class, more):
            if in_quota(desk, leaf, shape, gpu_class):
                return Raise(node.id, gpu_class, more)
    return None
