"""What the clock alone brings: silence, lapses, limits, renewals and the end of leases."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.attempt import (
    Attempt,
    Ending,
    Lease,
    Offered,
    RankAccepted,
    RankOffered,
    Run,
    Running,
    Starting,
    Stop,
    StopCause,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.changes import Change, Hear, Intend, Move
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.node import Heard, Node, Silent
from bostan_scheduler.core.observe.ending import end, withdraw
from bostan_scheduler.core.observe.leases import renewal
from bostan_scheduler.core.outcome import NodeLost, Outcome, StartFailed, TimedOut
from bostan_scheduler.core.snapshot import Snapshot


def observe_time(snapshot: Snapshot) -> tuple[Change, ...]:
    """Changes that `now` brings; none when asked again at the same instant."""
    silent = tuple(_newly_silent(snapshot))
    nodes = {**snapshot.nodes, **{node.id: replace(node, session=Silent(snapshot.now)) for node in silent}}
    snapshot = replace(snapshot, nodes=nodes) if silent else snapshot
    hear = tuple(Hear(node.id, Silent(snapshot.now)) for node in silent)
    moves = tuple(change for one in snapshot.attempts.values() for change in _attempt(snapshot, one))
    return (*hear, *moves)


def _newly_silent(snapshot: Snapshot) -> Iterator[Node]:
    for node in snapshot.nodes.values():
        silent_at = after(snapshot.heard.get(node.id, 0), snapshot.settings.silence_seconds)
        if isinstance(node.session, Heard) and snapshot.now > silent_at:
            yield node


def _attempt(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    match attempt.phase:
        case Offered(lapses_at=lapses_at) if snapshot.now >= lapses_at:
            return withdraw(snapshot, attempt, StartFailed(_late_node(attempt), "it did not answer in time"))
        case Withdrawn(lapses_at=lapses_at, outcome=outcome):
            free_at = after(lapses_at, snapshot.settings.release_margin_seconds)
            return end(snapshot, attempt, outcome) if snapshot.now >= free_at else ()
        case Starting() | Running() | Unknown() | Ending():
            return _leased(snapshot, attempt, attempt.phase.lease)
        case _:
            return ()


def _late_node(attempt: Attempt) -> str:
    """The node that is waited for: one that has not answered before one that has not started."""
    for awaited in (RankOffered, RankAccepted):
        for place, seen in zip(attempt.places, attempt.seen, strict=True):
            if isinstance(seen, awaited):
                return place.node_id
    raise AssertionError(f"{attempt.id} waits for none of its ranks")


def _leased(snapshot: Snapshot, attempt: Attempt, lease: Lease) -> tuple[Change, ...]:
    if snapshot.now >= after(lease.until, snapshot.settings.lease_margin_seconds):
        return end(snapshot, attempt, _outcome_at_lease_end(snapshot, attempt))
    match attempt.phase:
        case Starting() | Running() as phase if _silent_node(snapshot, attempt) is not None:
            why = f"{_silent_node(snapshot, attempt)} is silent"
            return (Move(attempt.id, Unknown(snapshot.now, phase), why), *_limits(snapshot, attempt))
        case _:
            return (*_limits(snapshot, attempt), *renewal(snapshot, attempt))


def _limits(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """Stop what has reached its time limit, and whole what did not wholly start."""
    if not isinstance(attempt.intent, Run) or isinstance(attempt.phase, Ending):
        return ()
    started_at = attempt.started_at
    if started_at is not None and snapshot.now >= after(started_at, attempt.time_limit_seconds):
        return _stop(snapshot, attempt, StopCause.TIME_LIMIT, TimedOut(attempt.time_limit_seconds))
    if isinstance(attempt.phase, Starting) and snapshot.now >= attempt.phase.lapses_at:
        outcome = StartFailed(_late_node(attempt), "not every rank had started in time")
        return _stop(snapshot, attempt, StopCause.NOT_STARTED, outcome)
    return ()


def _stop(snapshot: Snapshot, attempt: Attempt, cause: StopCause, outcome: Outcome) -> tuple[Change, ...]:
    checkpoint = cause is StopCause.TIME_LIMIT
    return (Intend(attempt.id, Stop(cause, checkpoint, snapshot.now, outcome)),)


def _outcome_at_lease_end(snapshot: Snapshot, attempt: Attempt) -> Outcome:
    if isinstance(attempt.phase, Ending):
        return attempt.phase.outcome
    if isinstance(attempt.intent, Stop):
        return attempt.intent.outcome
    silent = _silent_node(snapshot, attempt)
    if silent is not None:
        return NodeLost(silent, "silent until the lease had ended")
    return NodeLost(attempt.awaited_node_ids[0], "the lease had ended before it was renewed")


def _silent_node(snapshot: Snapshot, attempt: Attempt) -> str | None:
    silent = (one for one in attempt.awaited_node_ids if isinstance(snapshot.nodes[one].session, Silent))
    return next(silent, None)
