"""How long an attempt may hold its GPUs, and when that is extended."""

from bostan_scheduler.core.attempt import Attempt, Lease, Run, Running, Starting
from bostan_scheduler.core.changes import Change, Renew
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.node import Heard
from bostan_scheduler.core.snapshot import Snapshot


def first_lease(snapshot: Snapshot, attempt: Attempt) -> Lease:
    """The lease with which an attempt is told to start."""
    assert attempt.lease is None, f"{attempt.id} has a lease already"
    return Lease(_until(snapshot, attempt), snapshot.now)


def deadline(snapshot: Snapshot, attempt: Attempt) -> Instant:
    """When an attempt is over at the latest: its time limit, counted from its start, and an orderly stop after it."""
    return deadline_from(snapshot, attempt, snapshot.now)


def deadline_from(snapshot: Snapshot, attempt: Attempt, starts_at: Instant) -> Instant:
    """The same; one that has not started yet is counted from `starts_at`."""
    started_at = attempt.started_at if attempt.started_at is not None else starts_at
    stop_seconds = snapshot.jobs[attempt.job_id].spec.stop_seconds
    return after(
        started_at, attempt.time_limit_seconds + stop_seconds + snapshot.settings.start_within_seconds
    )


def renewal(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """A longer lease when it is time for one, the attempt is wanted, and all its nodes are heard."""
    phase = attempt.phase
    if not isinstance(phase, Starting | Running) or not isinstance(attempt.intent, Run):
        return ()
    if phase.lease.until <= snapshot.now:
        return ()  # its shims have ended it; the news is on its way
    until = _until(snapshot, attempt)
    due = snapshot.now >= after(phase.lease.renewed_at, _renew_seconds(snapshot, attempt))
    if not due or until <= phase.lease.until or not all_heard(snapshot, attempt):
        return ()
    return (Renew(attempt.id, until),)


def all_heard(snapshot: Snapshot, attempt: Attempt) -> bool:
    """Whether no node is silent on which the attempt still holds something."""
    return all(isinstance(snapshot.nodes[node_id].session, Heard) for node_id in attempt.awaited_node_ids)


def back(snapshot: Snapshot, before: Starting | Running) -> Starting | Running:
    """The phase of an attempt whose nodes are all heard again; what was starting gets the time to say that it has."""
    match before:
        case Starting(since, lapses_at, lease):
            again = after(snapshot.now, snapshot.settings.start_within_seconds)
            return Starting(since, max(lapses_at, again), lease)
        case Running():
            return before


def _until(snapshot: Snapshot, attempt: Attempt) -> Instant:
    return min(after(snapshot.now, attempt.lease_seconds), deadline(snapshot, attempt))


def _renew_seconds(snapshot: Snapshot, attempt: Attempt) -> int:
    """As set, but often enough that two renewals may be missed."""
    return min(snapshot.settings.renew_seconds, attempt.lease_seconds // 3)
