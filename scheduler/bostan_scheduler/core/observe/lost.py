"""Ranks whose node is known to run them no more: it rebooted, or its power is off."""

from dataclasses import replace

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Offered,
    RankExited,
    RankReleased,
    RankSeen,
    RankStarted,
    Running,
    Starting,
    Stop,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.changes import Change, See
from bostan_scheduler.core.observe.ending import end_if_free, start_ending, withdraw
from bostan_scheduler.core.outcome import NodeLost, Outcome, StartFailed
from bostan_scheduler.core.snapshot import Snapshot


def lose_ranks(snapshot: Snapshot, attempt: Attempt, node_id: str, how: str) -> tuple[Change, ...]:
    """The attempt's ranks on the node are gone and hold nothing; its other ranks are stopped."""
    lost = [
        rank
        for rank, (place, seen) in enumerate(zip(attempt.places, attempt.seen, strict=True))
        if place.node_id == node_id and not _free(seen)
    ]
    if not lost or not attempt.holds:
        return ()
    seen = tuple(_gone(snapshot, one, how) if rank in lost else one for rank, one in enumerate(attempt.seen))
    sightings = tuple(See(attempt.id, rank, seen[rank]) for rank in lost)
    return (*sightings, *_after(snapshot, replace(attempt, seen=seen), node_id, how))


def _free(seen: RankSeen) -> bool:
    return isinstance(seen, RankReleased) or (isinstance(seen, RankExited) and seen.released)


def _gone(snapshot: Snapshot, seen: RankSeen, how: str) -> RankSeen:
    match seen:
        case RankExited():
            return replace(seen, released=True)
        case RankStarted(at=at):
            return RankExited(0, 0, "node-lost", how, at, None, snapshot.now, 0, released=True)
        case _:
            return RankReleased(how)


def _after(snapshot: Snapshot, attempt: Attempt, node_id: str, how: str) -> tuple[Change, ...]:
    match attempt.phase:
        case Offered():
            return withdraw(snapshot, attempt, StartFailed(node_id, how))
        case Withdrawn() | Ending():
            return end_if_free(snapshot, attempt)
        case Starting() | Running() | Unknown():
            return start_ending(snapshot, attempt, attempt.phase.lease, _outcome(attempt, node_id, how))
        case Ended():
            return ()


def _outcome(attempt: Attempt, node_id: str, how: str) -> Outcome:
    return attempt.intent.outcome if isinstance(attempt.intent, Stop) else NodeLost(node_id, how)
