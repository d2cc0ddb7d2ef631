"""What a plan derives from the snapshot, kept up to date row by row. Built anew, it is the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.estimate import attained_seconds, in_all_seconds, is_guessed
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Fit, Job, PendingCheckpoint, Queued, Shape
from bostan_scheduler.core.node import SEVENTHS, sevenths
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.standing import Key, Standing
from bostan_scheduler.core.patience import patient_until
from bostan_scheduler.core.planning.books import Books, Charge
from bostan_scheduler.core.planning.kept_parts import hold_parts
from bostan_scheduler.core.planning.memory import Memory
from bostan_scheduler.core.planning.queue import Queue
from bostan_scheduler.core.planning.quota_ahead import QuotaAhead
from bostan_scheduler.core.planning.running import Running, longest_stay
from bostan_scheduler.core.progress import under_way_milliseconds
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.room import Ledger
from bostan_scheduler.core.room.ledger import Classes
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved
from bostan_scheduler.core.timeline.timeline import Timeline

NO_LIMITS: Mapping[str, int] = {}


@dataclass(slots=True)
class Desk:
    """Free GPUs, quota in use, who waits and what runs.

    `aside` are queued jobs that wait for a checkpoint to arrive, `outside` those without a quota leaf in force.
    `patient` are those in line that refuse the nodes that they are to avoid, until an instant.
    `pool_gpus` are all GPUs of a class that nodes have, whether they can be used now or not, slices as the parts that
    they are; `sizes` by node, in sevenths of a GPU.
    """

    snapshot: Snapshot
    room: Ledger
    books: Books
    queue: Queue
    pool_gpus: float
    running: Running = field(default_factory=Running)
    ahead: QuotaAhead = field(default_factory=QuotaAhead)
    memory: Memory = field(default_factory=Memory)
    timeline: Timeline = field(default_factory=Timeline)
    sizes: dict[str, int] = field(default_factory=dict)
    aside: dict[str, None] = field(default_factory=dict)
    outside: dict[str, None] = field(default_factory=dict)
    patient: dict[str, Instant] = field(default_factory=dict)
    leaves: dict[tuple[str, str | None], QuotaNode | None] = field(default_factory=dict)
    fencing_counter: int = 0
    held_lately: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The desk of a snapshot."""
        queue, sizes = Queue(snapshot.settings.order), _sizes(snapshot)
        queue.urgent = {job_id: rank for rank, job_id in enumerate(snapshot.urgent)}
        books, pool_gpus = Books.of(snapshot), pool_size(sizes)
        desk = cls(snapshot, Ledger.of(snapshot), books, queue, pool_gpus, sizes=sizes)
        desk.timeline, desk.held_lately = Timeline.of(snapshot), snapshot.held_lately
        for reserved in snapshot.reserved.values():
            desk._claim(reserved)
        for attempt in snapshot.attempts.values():
            if attempt.holds:
                desk.running.put(attempt)
        desk._fill()
        return desk

    def _fill(self) -> None:
        waiting = [job for job in self.snapshot.jobs.values() if isinstance(job.phase, Queued)]
        ready = [
            (leaf, self.shape(job), job, self.ask(job))
            for job in waiting
            if (leaf := self.ready(job)) is not None
        ]
        self.queue.fill(ready)

    def shape(self, job: Job) -> Shape:
        """The shape with which a job gets in line."""
        until = patient_until(self.snapshot, job)
        if until is None:
            return job.shape
        self.patient[job.id] = until
        return job.patient_shape

    def ready(self, job: Job) -> QuotaNode | None:
        """The leaf of a queued job that may be looked at; else it is put aside."""
        leaf = self.leaf(job)
        if leaf is None:
            self.outside[job.id] = None
            return None
        if awaited(self.snapshot, job) is not None:
            self.aside[job.id] = None
            return None
        return None if job.id in self.timeline.reserved else leaf

    def leaf(self, job: Job) -> QuotaNode | None:
        """The leaf that a job counts against, looked up once for all of its firm and project."""
        key = (job.spec.firm, job.spec.project)
        if key not in self.leaves:
            self.leaves[key] = self.snapshot.quota.leaf(*key, self.books.quotas.now)
        return self.leaves[key]

    def ask(self, job: Job, under_way_milliseconds: int = 0) -> Ask:
        """What a job still wants; an attempt of it that runs has done so much at speed 1."""
        attained = attained_seconds(job, under_way_milliseconds)
        in_all = in_all_seconds(job, self.snapshot.settings.default_estimate_seconds, attained)
        return Ask(
            job.submitted_at,
            job.id,
            job.fair_at_seconds,
            job.shape.service_gpus,
            self.pool_gpus,
            in_all,
            in_all - attained,
            is_guessed(job),
        )

    def ask_of(self, attempt: Attempt) -> Ask:
        """What is left of a job of which this attempt is under way."""
        snapshot, job = self.snapshot, self.snapshot.jobs[attempt.job_id]
        return self.ask(job, under_way_milliseconds(snapshot.classes, job, attempt, snapshot.now))

    def start(self, attempt: Attempt, job: Job) -> None:
        """A waiting job starts: from now on it holds what its attempt holds."""
        self.hold(attempt, job)
        self.out_of_line(job.id)

    def out_of_line(self, job_id: str) -> None:
        """A job waits in no line any more; nothing if it does not."""
        self.queue.drop(job_id)
        self.patient.pop(job_id, None)

    def hold(self, attempt: Attempt, job: Job) -> None:
        """An attempt holds what its places name; nothing new if it does already."""
        self.running.put(attempt)
        self.room.hold(attempt, job.spec.rank)
        self.books.hold(attempt)
        charge = self.books.charges[attempt.id]
        self.charged(charge)
        if self.ahead.hold(self.snapshot, attempt, charge) and charge is not None:
            self.memory.grow_quota(charge[1])

    def let_go(self, attempt_id: str) -> tuple[Classes, str | None]:
        """It holds nothing any more. The classes of which there is more room now, and the one of which there is more quota.

        What is known to have no room or quota stays known: it may be put back.
        """
        self.running.drop(attempt_id)
        classes = self.room.release(attempt_id)
        self.charged(self.books.charges.get(attempt_id))
        self.ahead.release(attempt_id)
        return classes, self.books.release(attempt_id)

    def charged(self, charge: Charge | None) -> None:
        """A leaf holds more or less than before: it may have another turn."""
        if charge is not None:
            self.standings.pop(charge[0].id, None)

    def leaf_key(self, leaf_id: str, shape: Shape) -> Key:
        """How a leaf's jobs of a shape stand in the order."""
        return self.queue.order.leaf_key(self.standing(leaf_id), shape)

    def compare_anew(self) -> None:
        """From now on firms are compared by what they held lately as of now."""
        waiting = sorted({leaf_id for leaf_id, _ in self.queue.lines})
        self.held_lately = {leaf_id: self.snapshot.lately(leaf_id) for leaf_id in waiting}
        self.standings.clear()

    def next_fencing(self) -> int:
        """A higher number than any given out before."""
        self.fencing_counter = max(self.fencing_counter, self.snapshot.fencing_counter) + 1
        return self.fencing_counter

    def standing(self, leaf_id: str) -> Standing:
        """How a leaf stands now, and what it held lately; found once until it holds more or less."""
        standing = self.standings.get(leaf_id)
        if standing is None:
            leaf, lately = self.queue.leaves[leaf_id], self.held_lately.get(leaf_id, {})
            standing = self.standings[leaf_id] = Standing(leaf, self.books.quotas, lately)
        return standing

    def keep(self, reserved: Reserved) -> None:
        """GPUs are kept for a waiting job, which leaves its line."""
        self.timeline.reserved[reserved.job_id] = reserved
        self.out_of_line(reserved.job_id)
        self._claim(reserved)

    def served(self, job_id: str) -> None:
        """Nothing need be kept for a job any more."""
        reserved = self.timeline.reserved.pop(job_id)
        self.room.release(reserved.claim_id)
        self.memory.forget_room()
        self.charged(self.books.claims.get(job_id))
        meant, claimed = self.ahead.give_up(reserved), self.books.give_up(job_id)
        given = meant[1] if meant is not None else claimed
        if given is not None:
            self.memory.grow_quota(given)

    def _claim(self, reserved: Reserved) -> None:
        job = self.snapshot.jobs.get(reserved.job_id)
        leaf = self.leaf(job) if job is not None else None
        if job is not None:
            hold_parts(self.room, job, reserved)
        if job is not None and leaf is not None:
            charge = (leaf, reserved.gpu_class, Gpus(job.spec.gpus))
            if reserved.from_at > self.snapshot.now:
                self.ahead.keep(reserved, charge)
            else:
                self.ahead.claim(reserved, charge)
                self._charge(job.id, charge)

    def _charge(self, job_id: str, charge: Charge) -> None:
        self.books.claim(job_id, charge)
        self.charged(charge)

    def charge_what_is_due(self) -> None:
        """Quota that is meant for a job is set aside for it from when its GPUs are."""
        for reserved, charge in self.ahead.due(self.snapshot.now):
            self._charge(reserved.job_id, charge)
            self.memory.grow_quota(charge[1])

    def in_quota(self, leaf: QuotaNode, gpu_class: str, shape: Shape, late_seconds: int = 0) -> bool:
        """Whether a leaf may hold a job of this shape from now on, beside what is meant for others before it is over.

        It may start as late as that.
        """
        if not self.books.quotas.covers(leaf, gpu_class, shape.gpus):
            return False
        if not self.ahead.kept:
            return True
        self.ahead.make(self.snapshot, self.books, self.running, self.timeline.reserved)
        over_at = after(self.snapshot.now, late_seconds + longest_stay(self.snapshot, shape))
        return self.ahead.covers(leaf, gpu_class, shape.gpus, over_at)

    def limits(
        self, shape: Shape, gpu_class: str | None, job_id: str | None = None, late_seconds: int = 0
    ) -> Mapping[str, int]:
        """How many GPUs a job may take on nodes where something lies ahead; none are named where nothing does.

        It may start as late as that.
        """
        if self.timeline.empty or gpu_class is None:
            return NO_LIMITS
        return self.timeline.limits(self.snapshot, self.running, shape, gpu_class, job_id, late_seconds)

    def fit(self, shape: Shape) -> Fit | Shape:
        """Whom the same room is as good for: with something ahead that may depend on whose job it is."""
        return shape.fit if self.timeline.empty else shape


def awaited(snapshot: Snapshot, job: Job) -> PendingCheckpoint | None:
    """A checkpoint of the job that is still on its way and not overdue."""
    if not job.pending_checkpoints:
        return None
    limit = snapshot.settings.checkpoint_wait_seconds
    pending = (one for one in job.pending_checkpoints if snapshot.now < after(one.declared_at, limit))
    return next(pending, None)


def _sizes(snapshot: Snapshot) -> dict[str, int]:
    return {node_id: size_of(snapshot, node_id) for node_id in snapshot.nodes}


def size_of(snapshot: Snapshot, node_id: str) -> int:
    """GPUs of a class on a node, in sevenths."""
    classes = filter(None, map(snapshot.gpu_class, snapshot.nodes[node_id].gpus))
    return sum(map(sevenths, classes))


def pool_size(sizes: Mapping[str, int]) -> float:
    """GPUs in all; at least one."""
    return max(SEVENTHS, sum(sizes.values())) / SEVENTHS
