"""A running job that could make room, and what that would cost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bostan_scheduler.core.attempt import Attempt, Run, Running
from bostan_scheduler.core.instant import Instant, seconds_between
from bostan_scheduler.core.job import Job, Qos
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.quota import QuotaNode


@dataclass(frozen=True, slots=True)
class Victim:
    """A running job, the leaf that it counts against, and what is left of it.

    `cost_gpu_seconds` is the work since its last durable checkpoint that would be repeated, and the restart.
    """

    attempt: Attempt
    job: Job
    leaf: QuotaNode | None
    ask: Ask
    ran_seconds: int
    cost_gpu_seconds: int

    @property
    def scavenges(self) -> bool:
        """Whether it only uses what nobody else wants."""
        return self.job.spec.qos is Qos.SCAVENGER

    @property
    def leaf_id(self) -> str | None:
        """The leaf's id; None when nothing is left of its branch."""
        return self.leaf.id if self.leaf is not None else None


def victims(desk: Desk, among: Iterable[Attempt] | None = None) -> Iterator[Victim]:
    """What runs as it is wanted to, and does not run on a reserved claim; of all, or among some."""
    return (
        _victim(desk, attempt, attempt.started_at)
        for attempt in (desk.running.attempts.values() if among is None else among)
        if isinstance(attempt.phase, Running)
        and isinstance(attempt.intent, Run)
        and attempt.gpu_class is not None
        and attempt.started_at is not None
        and desk.snapshot.jobs[attempt.job_id].spec.qos is not Qos.RESERVED
    )


def _victim(desk: Desk, attempt: Attempt, started_at: Instant) -> Victim:
    snapshot, job = desk.snapshot, desk.snapshot.jobs[attempt.job_id]
    charge = desk.books.charges.get(attempt.id)
    return Victim(
        attempt=attempt,
        job=job,
        leaf=charge[0] if charge is not None else None,
        ask=desk.ask_of(attempt),
        ran_seconds=max(0, snapshot.now - started_at) // 1000,
        cost_gpu_seconds=cost_gpu_seconds(desk, job, attempt),
    )


def cost_gpu_seconds(desk: Desk, job: Job, attempt: Attempt) -> int:
    """Work that would be repeated, and the restart. A job that saves itself when asked repeats nothing."""
    snapshot = desk.snapshot
    started_at = attempt.started_at if attempt.started_at is not None else snapshot.now
    saved = (one.declared_at for one in job.checkpoints if one.attempt_number == attempt.number)
    safe_until = snapshot.now if job.spec.checkpoint_on_signal else max(saved, default=started_at)
    lost_seconds = seconds_between(safe_until, snapshot.now)
    return (lost_seconds + snapshot.settings.preemption.restart_seconds) * attempt.gpus
