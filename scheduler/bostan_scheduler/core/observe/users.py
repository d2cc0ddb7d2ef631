"""What follows from a user's wish: submit, cancel, requeue."""

from collections import Counter
from typing import assert_never

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Offered,
    Running,
    Starting,
    Stop,
    StopCause,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.changes import Add, Change, Finish, Intend, Move, Refusal
from bostan_scheduler.core.job import Active, Finished, Job, JobSpec, Queued
from bostan_scheduler.core.observe.ending import why_of, withdraw
from bostan_scheduler.core.outcome import Cancelled, Requeued, Succeeded
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.reports import CancelAsked, JobsSubmitted, RequeueAsked
from bostan_scheduler.core.snapshot import Snapshot

Observed = tuple[Change, ...] | Refusal


def on_jobs_submitted(snapshot: Snapshot, report: JobsSubmitted) -> Observed:
    """Queue all the jobs, or refuse them all for the first one that cannot be."""
    if len(snapshot.jobs) + len(report.ids) > snapshot.settings.pending_jobs_max:
        return Refusal("limit", "the centre holds as many unfinished jobs as it may", "try again later")
    for spec in dict.fromkeys(report.specs):
        refusal = _refusal(snapshot, spec)
        if refusal is not None:
            return refusal
    too_many = _too_many(snapshot, report)
    if too_many is not None:
        return too_many
    jobs = zip(report.ids, report.specs, strict=True)
    return tuple(Add(_new_job(snapshot, one, spec, report.by)) for one, spec in jobs)


def _new_job(snapshot: Snapshot, job_id: str, spec: JobSpec, by: str) -> Job:
    """What its user says of its run time is believed; else what jobs like it took is noted, as far as is known now."""
    learnt = snapshot.history.learnt_seconds(spec) if spec.estimate_seconds is None else None
    fair_at, queued = snapshot.fair_clock.read(snapshot.now), Queued(snapshot.now)
    return Job(
        job_id, spec, snapshot.now, by, queued, learnt_seconds=learnt, fair_at_seconds=fair_at, version=1
    )


def _refusal(snapshot: Snapshot, spec: JobSpec) -> Refusal | None:
    firm = snapshot.firms.get(spec.firm)
    if firm is None:
        return Refusal(
            "invalid", f"firm: there is no firm {spec.firm}", "use a firm that `bostan whoami` names"
        )
    if spec.project is not None and spec.project not in firm.projects:
        known = ", ".join(firm.projects) or "none"
        return Refusal(
            "invalid", f"project: {spec.firm} has no project {spec.project}", f"its projects: {known}"
        )
    leaf = snapshot.quota.leaf(spec.firm, spec.project, snapshot.now)
    return _over_limits(leaf, spec) if leaf is not None else None


def _over_limits(leaf: QuotaNode, spec: JobSpec) -> Refusal | None:
    if leaf.max_job_gpus is not None and spec.gpus > leaf.max_job_gpus:
        detail = f"gpus: the job asks {spec.gpus} GPUs, quota {leaf.id} allows {leaf.max_job_gpus} a job"
        return Refusal("invalid", detail, "ask for fewer replicas or GPUs")
    if leaf.max_job_hours is not None and spec.time_limit_seconds > leaf.max_job_hours * 3600:
        detail = f"time_limit: {spec.time_limit_seconds} s is more than the {leaf.max_job_hours} h of quota {leaf.id}"
        return Refusal("invalid", detail, "ask for less time and save checkpoints")
    return None


def _too_many(snapshot: Snapshot, report: JobsSubmitted) -> Refusal | None:
    """How many jobs may wait is a matter of the quota leaf that they count against."""
    new = Counter((spec.firm, spec.project) for spec in report.specs)
    leaves = {leaf.id: leaf for one in new if (leaf := snapshot.quota.leaf(*one, snapshot.now)) is not None}
    for leaf in leaves.values():
        asks = sum(count for one, count in new.items() if snapshot.quota.leaf(*one, snapshot.now) == leaf)
        if leaf.max_queued is not None and _queued(snapshot, leaf) + asks > leaf.max_queued:
            detail = f"{leaf.firm} may have {leaf.max_queued} jobs waiting under quota {leaf.id}"
            return Refusal("limit", detail, "wait until some have started, or cancel some")
    return None


def _queued(snapshot: Snapshot, leaf: QuotaNode) -> int:
    assert leaf.firm is not None, f"{leaf.id} is no leaf"
    jobs = (one for one in snapshot.jobs.values() if one.spec.firm == leaf.firm)
    by_project = Counter(job.spec.project for job in jobs if isinstance(job.phase, Queued))
    mine = (one for one in by_project if snapshot.quota.leaf(leaf.firm, one, snapshot.now) == leaf)
    return sum(by_project[project] for project in mine)


def on_cancel_asked(snapshot: Snapshot, report: CancelAsked) -> Observed:
    """Finish a queued job now; stop an active one. While it is unknown, GPUs and quota stay taken till its lease ends."""
    job = snapshot.jobs.get(report.job_id)
    outcome = Cancelled(report.by, report.reason)
    if job is None:
        return Refusal("not-found", f"there is no unfinished job {report.job_id}")
    match job.phase:
        case Queued():
            return (Finish(job.id, outcome, snapshot.now),)
        case Active(attempt_id):
            return _cancel(snapshot, snapshot.attempts[attempt_id], outcome)
        case Finished():
            raise AssertionError(f"{job.id} has finished and is still in memory")
        case _:
            assert_never(job.phase)


def _cancel(snapshot: Snapshot, attempt: Attempt, outcome: Cancelled) -> tuple[Change, ...]:
    stop = Stop(StopCause.CANCELLED, checkpoint=False, since=snapshot.now, outcome=outcome)
    match attempt.phase:
        case Offered():
            return withdraw(snapshot, attempt, outcome)
        case Withdrawn(since, lapses_at, ended_by) if not isinstance(ended_by, Succeeded | Cancelled):
            return (Move(attempt.id, Withdrawn(since, lapses_at, outcome), why_of(outcome)),)
        case Starting() | Running() | Unknown() if not _cancelled(attempt):
            return (Intend(attempt.id, stop),)
        case Ending(since, lease, ended_by) if not isinstance(ended_by, Succeeded | Cancelled):
            return (
                Intend(attempt.id, stop),
                Move(attempt.id, Ending(since, lease, outcome), why_of(outcome)),
            )
        case Ended():
            raise AssertionError(f"a job is active by {attempt.id}, which has ended")
        case _:
            return ()


def _cancelled(attempt: Attempt) -> bool:
    return isinstance(attempt.intent, Stop) and attempt.intent.cause is StopCause.CANCELLED


def on_requeue_asked(snapshot: Snapshot, report: RequeueAsked) -> Observed:
    """Stop the running attempt, so that the job goes on in another."""
    job = snapshot.jobs.get(report.job_id)
    if job is None:
        return Refusal("not-found", f"there is no unfinished job {report.job_id}")
    if not isinstance(job.phase, Active):
        return Refusal("conflict", f"{job.id} is queued already", f"see `bostan why {job.id}`")
    attempt = snapshot.attempts[job.phase.attempt_id]
    if not isinstance(attempt.phase, Starting | Running | Unknown) or isinstance(attempt.intent, Stop):
        return Refusal("conflict", f"{job.id} does not run now", f"see `bostan show {job.id}` and try again")
    avoid = attempt.node_ids if report.avoid_node else ()
    outcome = Requeued(report.by, report.reason, avoid)
    return (Intend(attempt.id, Stop(StopCause.REQUEUED, report.checkpoint, snapshot.now, outcome)),)
