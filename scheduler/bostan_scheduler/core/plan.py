"""The plan: each waiting job, in the order of turns, started or told why it waits."""

from dataclasses import dataclass, field

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Attempt, Fencing, Offered, RankOffered
from bostan_scheduler.core.changes import Start
from bostan_scheduler.core.draft import attempt_id
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, PendingCheckpoint, Queued, Shape
from bostan_scheduler.core.ledger import Ledger
from bostan_scheduler.core.queue import leaf_queues, turns
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of
from bostan_scheduler.core.verdict import Fits, Room, Waits, judge
from bostan_scheduler.core.waits import Reason, Wait, wait


@dataclass(slots=True)
class Plan:
    """What to start now, and why the rest waits: by (quota leaf, shape), or by job where it is the job's own matter.

    `leaves` are the quota leaves that it went by, of each firm and project with queued jobs.
    """

    starts: list[Start] = field(default_factory=list)
    shapes: dict[tuple[str, Shape], tuple[Wait, ...]] = field(default_factory=dict)
    jobs: dict[str, tuple[Wait, ...]] = field(default_factory=dict)
    leaves: dict[tuple[str, str | None], QuotaNode | None] = field(default_factory=dict)

    def leaf(self, snapshot: Snapshot, job: Job) -> QuotaNode | None:
        """The leaf that a job counts against, looked up once for all of its firm and project."""
        key = (job.spec.firm, job.spec.project)
        if key not in self.leaves:
            self.leaves[key] = snapshot.quota.leaf(*key, snapshot.now)
        return self.leaves[key]


def plan(snapshot: Snapshot) -> Plan:
    """What should start at `snapshot.now`. Nothing is started that the snapshot has no room or quota for."""
    result = Plan()
    ready = _ready(snapshot, result)
    if not ready:
        return result
    quotas = QuotaLedger.of(snapshot.quota, usage_of(snapshot), snapshot.now)
    room = Room(Ledger.of(snapshot), quotas, snapshot.now)
    for queue in turns(leaf_queues(ready), quotas):
        job = queue.head()
        assert job is not None, "a leaf in turn has a job"
        match judge(room, queue.leaf, job.shape):
            case Fits() as fits:
                _start(snapshot, room, queue.leaf, job, fits, result)
                queue.pass_head()
            case Waits(waits):
                result.shapes[queue.leaf.id, job.shape] = waits
                queue.block_head()
    return result


def _ready(snapshot: Snapshot, result: Plan) -> list[tuple[QuotaNode, Job]]:
    """Queued jobs with their leaves; those that cannot be looked at yet get their reason at once."""
    ready: list[tuple[QuotaNode, Job]] = []
    for job in snapshot.jobs.values():
        if not isinstance(job.phase, Queued):
            continue
        leaf = result.leaf(snapshot, job)
        pending = awaited(snapshot, job)
        if leaf is None:
            result.jobs[job.id] = (wait(Reason.NO_QUOTA, firm=job.spec.firm),)
        elif pending is not None:
            result.jobs[job.id] = (_awaits_checkpoint(snapshot, pending),)
        else:
            ready.append((leaf, job))
    return ready


def awaited(snapshot: Snapshot, job: Job) -> PendingCheckpoint | None:
    """A checkpoint of the job that is still on its way and not overdue."""
    if not job.pending_checkpoints:
        return None
    limit = snapshot.settings.checkpoint_wait_seconds
    return next(
        (one for one in job.pending_checkpoints if snapshot.now < after(one.declared_at, limit)), None
    )


def _awaits_checkpoint(snapshot: Snapshot, pending: PendingCheckpoint) -> Wait:
    attempt = snapshot.attempts[pending.attempt_id]
    node = attempt.places[pending.rank].node_id
    return wait(
        Reason.CHECKPOINT_ON_ITS_WAY, node=node, waits_seconds=snapshot.settings.checkpoint_wait_seconds
    )


def _start(snapshot: Snapshot, room: Room, leaf: QuotaNode, job: Job, fits: Fits, result: Plan) -> None:
    counter = snapshot.fencing_counter + len(result.starts) + 1
    attempt = new_attempt(snapshot, leaf, job, fits, Fencing(snapshot.epoch, counter))
    assert len(attempt.places) == job.spec.replicas, f"{job.id} would start in part"
    assert attempt.gpus == job.spec.gpus, f"{job.id} would get other GPUs than it asks"
    room.ledger.take(fits.gpu_class, job.spec.rank, attempt.places)
    if fits.gpu_class is not None:
        room.quotas.take(leaf, fits.gpu_class, Gpus(attempt.gpus))
    result.starts.append(Start(attempt))


def new_attempt(snapshot: Snapshot, leaf: QuotaNode, job: Job, fits: Fits, fencing: Fencing) -> Attempt:
    """The job's next attempt, offered now to the nodes of its placement."""
    settings, number = snapshot.settings, job.attempts + 1
    checkpoint = job.checkpoint_for(0)
    return Attempt(
        id=attempt_id(job.id, number),
        job_id=job.id,
        firm=job.spec.firm,
        project=job.spec.project,
        quota_id=leaf.id,
        number=number,
        fencing=fencing,
        park=fits.placement.park,
        gpu_class=fits.gpu_class,
        places=fits.placement.places,
        seen=(RankOffered(),) * len(fits.placement.places),
        created_at=snapshot.now,
        phase=Offered(snapshot.now, after(snapshot.now, settings.start_within_seconds)),
        lease_seconds=min(job.spec.lease_seconds or settings.lease_seconds, settings.lease_seconds),
        time_limit_seconds=job.spec.time_limit_seconds,
        resumed_from_step=checkpoint.step if checkpoint is not None else None,
    )


def waits_of(job: Job, latest: Plan) -> tuple[Wait, ...]:
    """Why a queued job waits, as the latest plan saw it."""
    own = latest.jobs.get(job.id)
    if own is not None:
        return own
    leaf = latest.leaves.get((job.spec.firm, job.spec.project))
    shape = latest.shapes.get((leaf.id, job.shape)) if leaf is not None else None
    return shape or (wait(Reason.NOT_YET_PLANNED),)
