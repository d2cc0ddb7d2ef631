"""What may happen in a drawn story: users, operators, nodes, windows, quota files, and time."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Running
from bostan_scheduler.core.changes import Foresee, Hear, KeepCheckpoints, Know
from bostan_scheduler.core.job import Active, Job, PendingCheckpoint, Queued
from bostan_scheduler.core.node import Heard, Node, Silent, Verdict
from bostan_scheduler.core.observe.ending import end
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.outcome import Failed, Succeeded
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.reports import (
    CancelAsked,
    DrainAsked,
    HealthReported,
    JobsSubmitted,
    MaintenanceWithdrawn,
    NodeConfirmedDead,
    NodesHeard,
    QuotasApplied,
    RequeueAsked,
    ReservationWithdrawn,
    UndrainAsked,
    WindowAnnounced,
)
from drawn import CLASSES, asked, window
from tales import Tale
from worlds import world

BY = "somebody"


def something_happens(tale: Tale, among: Iterable[Callable[[Tale], None]] = ()) -> None:
    """One thing, as likely as any other; nothing where there is nothing that it could happen to."""
    tale.chance.choice(tuple(among) or HAPPENINGS)(tale)


# Users


def submits(tale: Tale) -> None:
    """One to three jobs come."""
    snapshot, chance = tale.table.snapshot, tale.chance
    lesser = any(gpu.default_class == "t4" for node in snapshot.nodes.values() for gpu in node.gpus)
    for _ in range(chance.randint(1, 3)):
        tale.submitted += 1
        job_id, words = f"s{tale.submitted:02}", asked(chance, lesser)
        tale.say(f"job {job_id} {words}")
        (job,) = world(f"job {job_id} {words}").jobs.values()
        tale.tell(JobsSubmitted((job_id,), (job.spec,), BY))


def ends(tale: Tale) -> None:
    """Something that runs ends: most often well."""
    attempts = [one for one in tale.table.snapshot.attempts.values() if isinstance(one.phase, Running)]
    if attempts:
        attempt = tale.chance.choice(sorted(attempts, key=lambda one: one.id))
        outcome = tale.chance.choice((Succeeded(), Succeeded(), Failed(0, 1, 0)))
        tale.say(f"{attempt.id} ends: {outcome}")
        tale.table.carry(end(tale.table.snapshot, attempt, outcome))


def cancels(tale: Tale) -> None:
    """A user gives a job up that waits or runs."""
    job = _some_job(tale, Queued | Active)
    if job is not None:
        tale.say(f"{job.id} is cancelled")
        tale.tell(CancelAsked(job.id, BY, ""))


def requeues(tale: Tale) -> None:
    """Somebody wants a job to go on elsewhere."""
    job = _some_job(tale, Active)
    if job is not None:
        tale.say(f"{job.id} is to go on elsewhere")
        tale.tell(RequeueAsked(job.id, BY, checkpoint=True, avoid_node=tale.chance.random() < 0.5))


def saves(tale: Tale) -> None:
    """A job that was queued again waits for its checkpoint to arrive; or that has arrived, or is lost."""
    job = _some_job(tale, Queued)
    if job is not None and job.attempts:
        waits = not job.pending_checkpoints
        pending = (PendingCheckpoint(f"{job.id}.{job.attempts}", 0, 1, tale.now),) if waits else ()
        tale.say(f"{job.id} {'waits for its checkpoint' if waits else 'has its checkpoint'}")
        tale.table.carry((KeepCheckpoints(job.id, job.checkpoints, pending, ""),))


def _some_job(tale: Tale, phase: type | object) -> Job | None:
    jobs = [one for one in tale.table.snapshot.jobs.values() if isinstance(one.phase, phase)]  # type: ignore[arg-type]
    return tale.chance.choice(sorted(jobs, key=lambda one: one.id)) if jobs else None


# Nodes


def falls_silent(tale: Tale) -> None:
    """A node is not heard any more."""
    node = _some_node(tale)
    if isinstance(node.session, Heard):
        tale.say(f"{node.id} falls silent")
        tale.table.carry((Hear(node.id, Silent(tale.now)),))
        tale.clock()


def comes_back(tale: Tale) -> None:
    """A silent node is heard again; or its power is known to be off, and it boots anew."""
    silent = [one for one in tale.table.snapshot.nodes.values() if isinstance(one.session, Silent)]
    if silent:
        node = tale.chance.choice(sorted(silent, key=lambda one: one.id))
        if tale.chance.random() < 0.3:
            tale.say(f"{node.id} is confirmed dead")
            tale.tell(NodeConfirmedDead(node.id, BY))
        tale.say(f"{node.id} is heard again")
        tale.tell(NodesHeard(((node.id, tale.now),)))


def drains(tale: Tale) -> None:
    """An operator takes a node out, or lets it take work again."""
    node, chance = _some_node(tale), tale.chance
    if node.drain is not None:
        tale.say(f"{node.id} is drained no more")
        tale.tell(UndrainAsked(node.id, BY))
    else:
        requeue = chance.random() < 0.5
        tale.say(f"{node.id} is drained{' and emptied' if requeue else ''}")
        tale.tell(DrainAsked(node.id, BY, "", requeue))


def sickens(tale: Tale) -> None:
    """A GPU fails, or is well again."""
    node = _some_node(tale)
    gpu = tale.chance.choice(node.gpus)
    verdict = Verdict.FAILED if gpu.usable else Verdict.HEALTHY
    tale.say(f"{gpu.uuid} is {verdict}")
    tale.tell(HealthReported(node.id, ((gpu.uuid, verdict, ()),)))


def changes(tale: Tale) -> None:
    """A node says that it has more CPUs than before, or fewer."""
    node = _some_node(tale)
    cpus = tale.chance.choice((8, 16, 64))
    tale.say(f"{node.id} has {cpus} CPUs")
    tale.table.carry((Know(replace(node, cpus=cpus)),))


def _some_node(tale: Tale) -> Node:
    nodes = tale.table.snapshot.nodes
    return nodes[tale.chance.choice(sorted(nodes))]


# Windows and quotas


def announces(tale: Tale) -> None:
    """A window is announced; a park's own reserve comes with the calendar."""
    snapshot, chance = tale.table.snapshot, tale.chance
    name = f"{chance.choice('abc')}{len(tale.told)}"
    words = window(chance, name, sorted(snapshot.nodes))
    (found,) = (_later(one, tale) for one in world(words).obstacles.values())
    tale.say(f"{words}, from now on")
    if isinstance(found, LocalReserve):
        tale.table.carry((Foresee((*_reserves(tale), found), tale.now),))
    else:
        tale.tell(WindowAnnounced(found, BY))


def _later(obstacle: Obstacle, tale: Tale) -> Obstacle:
    """The lines say instants from the beginning of the story."""
    late = tale.now - world("").now
    return replace(obstacle, from_at=obstacle.from_at + late, until_at=obstacle.until_at + late)


def _reserves(tale: Tale) -> list[LocalReserve]:
    return [one for one in tale.table.snapshot.obstacles.values() if isinstance(one, LocalReserve)]


def calls_off(tale: Tale) -> None:
    """A window is called off; of the parks' own reserves, one is no more."""
    windows = tale.table.snapshot.obstacles
    if windows:
        found = windows[tale.chance.choice(sorted(windows))]
        tale.say(f"{found.id} is called off")
        match found:
            case Maintenance():
                tale.tell(MaintenanceWithdrawn(found.park, found.id, BY))
            case AdvanceReservation():
                tale.tell(ReservationWithdrawn(found.id, BY))
            case LocalReserve():
                tale.table.carry((Foresee(tuple(one for one in _reserves(tale) if one != found), tale.now),))


def applies_quotas(tale: Tale) -> None:
    """The quota files say that each may have more or less; what parks keep is foreseen anew."""
    snapshot, chance = tale.table.snapshot, tale.chance
    nodes = {node.id: _other(node, chance) for node in snapshot.quota.nodes.values()}
    reserves = tuple(_reserves(tale))
    kept = {
        one.id: one
        for one in snapshot.obstacles.values()
        if not isinstance(one, LocalReserve) and not one.announced_by
    }
    tale.say(f"quotas are {[(node.id, node.gpus) for node in nodes.values()]}")
    classes = chance.choice(({}, CLASSES))
    report = QuotasApplied(QuotaTree(nodes), snapshot.firms, snapshot.parks, {}, BY, classes, kept)
    if tale.tell(report):
        tale.table.carry((Foresee(reserves, tale.now),))


def _other(node: QuotaNode, chance: random.Random) -> QuotaNode:
    return (
        node
        if node.parent is None
        else replace(node, gpus={of: _less(one, chance) for of, one in node.gpus.items()})
    )


def _less(quota: ClassQuota, chance: random.Random) -> ClassQuota:
    """A guarantee as before or smaller, some of it lent."""
    guaranteed = chance.randint(0, quota.guaranteed.count)
    return ClassQuota(Gpus(guaranteed), quota.borrow_limit, Gpus(chance.choice((0, guaranteed))))


# Time


def time_passes(tale: Tale) -> None:
    """A moment, a while, or hours."""
    low, high = tale.chance.choice(((0, 30), (30, 900), (900, 4000), (3600, 20_000)))
    tale.passes(tale.chance.randint(low, high))


HAPPENINGS: tuple[Callable[[Tale], None], ...] = (
    submits, submits, ends, ends, cancels, requeues, saves,
    falls_silent, comes_back, comes_back, drains, sickens, changes,
    announces, calls_off, applies_quotas, time_passes, time_passes, time_passes,
)  # fmt: skip
