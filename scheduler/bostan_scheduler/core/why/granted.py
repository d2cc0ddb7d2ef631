"""Helps that others would have to grant: a firmer claim to the GPUs of running jobs, and more quota."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.job import Job, Qos, Shape
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.preemption.claims import may_claim
from bostan_scheduler.core.preemption.round import Round
from bostan_scheduler.core.preemption.victim import Victim, victims
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.waits import named
from bostan_scheduler.core.why.attempting import in_quota
from bostan_scheduler.core.why.help import Help, HelpKind, Raise, help_by
from bostan_scheduler.core.why.kept import raised
from bostan_scheduler.core.why.look import Look


def with_a_firmer_claim(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """The least firm claim for which running jobs would make room, if they would not anyway."""
    desk, leaf = look.desk, look.desk.leaf(job)
    asks_already = leaf is None or job.id not in desk.queue.spots or not may_claim(desk.snapshot, job)
    if leaf is None or asks_already or not allowed(leaf, shape):
        return
    pool = list(victims(desk))
    if not pool or _victims_of(desk, leaf, job, shape, pool):
        return
    for qos in sorted((one for one in Qos if one.rank < shape.qos.rank), key=lambda one: -one.rank):
        changed = replace(shape, qos=qos)
        gone = _victims_of(desk, leaf, job, changed, pool)
        if gone:
            yield help_by(HelpKind.QOS, 0.5, changed, qos=qos, jobs=gone)
            return


def _victims_of(desk: Desk, leaf: QuotaNode, job: Job, shape: Shape, pool: list[Victim]) -> int:
    """How many running jobs would be asked to go in the next round, were it this job's turn."""
    asked = Round(desk, pool)
    for gpu_class in classes_of(desk, shape):
        made = asked.make_room((leaf.id, shape), job, gpu_class) if gpu_class is not None else None
        if made is not None:
            return len(made[0].victims)
    return 0


def with_more_quota(look: Look, job: Job, shape: Shape) -> Iterator[Help]:
    """The lowest node of the tree that alone is in the way, and how many GPUs more it would have to allow."""
    desk, leaf = look.desk, look.desk.leaf(job)
    if leaf is None or not allowed(leaf, shape):
        return
    for gpu_class in classes_of(desk, shape):
        if gpu_class is None or in_quota(desk, leaf, shape, gpu_class):
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
