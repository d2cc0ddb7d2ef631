"""Ranks whose node is known to run them no more: it rebooted, or its power is off."""

from collections.abc import Collection
from dataclasses import replace

from bostan_scheduler.core.attempt import (
    NODE_LOST,
    Attempt,
    Ended,
    Ending,
    Offered,
    RankAccepted,
    RankExited,
    RankReleased,
    RankSeen,
    RankStarted,
    Running,
    Starting,
    Stop,
    Unknown,
    Withdrawn,
    is_free,
)
from bostan_scheduler.core.changes import Change, See
from bostan_scheduler.core.observe.ending import end_if_free, start_ending, withdraw
from bostan_scheduler.core.outcome import NodeLost, Outcome, StartFailed
from bostan_scheduler.core.snapshot import Snapshot


def lose_ranks(
    snapshot: Snapshot, attempt: Attempt, node_id: str, how: str, known: Collection[int] = ()
) -> tuple[Change, ...]:
    """The attempt's ranks on the node are gone and hold nothing; its other ranks are stopped.

    Of the `known` ranks the node has on record how they ended, and its journal is about to tell.
    """
    lost = [rank for rank in awaited_ranks(attempt, node_id) if rank not in known]
    if not lost or not attempt.holds:
        return ()
    seen = tuple(
        _gone(snapshot, attempt, one, how) if rank in lost else one for rank, one in enumerate(attempt.seen)
    )
    sightings = tuple(See(attempt.id, rank, seen[rank]) for rank in lost)
    return (*sightings, *_after(snapshot, replace(attempt, seen=seen), node_id, how))


def awaited_ranks(attempt: Attempt, node_id: str) -> tuple[int, ...]:
    """The attempt's ranks that hold something on the node."""
    pairs = zip(attempt.places, attempt.seen, strict=True)
    return tuple(place.rank for place, seen in pairs if place.node_id == node_id and not is_free(seen))


def _gone(snapshot: Snapshot, attempt: Attempt, seen: RankSeen, how: str) -> RankSeen:
    """What was told to start may have run, though nobody has said so yet."""
    assert not is_free(seen), "a rank that holds nothing cannot be lost"
    match seen:
        case RankExited():
            return replace(seen, released=True)
        case RankStarted() | RankAccepted() if attempt.lease is not None:
            at = seen.at if isinstance(seen, RankStarted) else None
            return RankExited(0, 0, NODE_LOST, how, at, None, snapshot.now, 0, released=True)
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
