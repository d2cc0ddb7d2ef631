"""What each node should do about its ranks: derived from the attempts, so that it can be said again at any time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Fencing,
    Offered,
    RankAccepted,
    RankExited,
    RankOffered,
    RankReleased,
    RankStarted,
    Run,
    Running,
    Starting,
    Stop,
    StopCause,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Checkpoint, JobSpec
from bostan_scheduler.core.outcome import Failed, NodeLost
from bostan_scheduler.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class WantOffer:
    """Hold these GPUs, stage these files, and answer by `lapses_at`."""

    job_id: str
    spec: JobSpec
    attempt_number: int
    gpus: tuple[str, ...]
    checkpoint: Checkpoint | None
    lapses_at: Instant


@dataclass(frozen=True, slots=True)
class WantStart:
    """Run; the ranks meet at these addresses, one a rank, under a lease until `lease_until`."""

    addresses: tuple[tuple[str, int], ...]
    lease_until: Instant


@dataclass(frozen=True, slots=True)
class WantStop:
    """Stop, with a checkpoint first if asked."""

    cause: StopCause
    checkpoint: bool
    lease_until: Instant


@dataclass(frozen=True, slots=True)
class WantRelease:
    """Give up the offer."""

    cause: str


Want = WantOffer | WantStart | WantStop | WantRelease


@dataclass(frozen=True, slots=True)
class DesiredRank:
    """What is wanted of one rank."""

    attempt_id: str
    rank: int
    fencing: Fencing
    want: Want


@dataclass(frozen=True, slots=True)
class DesiredSet:
    """What is wanted of a node's ranks; `complete` when it names every rank that the centre knows there."""

    node_id: str
    ranks: tuple[DesiredRank, ...]
    complete: bool


def desired(snapshot: Snapshot, node_id: str, attempts: Iterable[Attempt], *, complete: bool) -> DesiredSet:
    """What is wanted of the ranks that `attempts` have on a node."""
    ranks = tuple(
        DesiredRank(attempt.id, place.rank, attempt.fencing, want)
        for attempt in attempts
        for place in attempt.places
        if place.node_id == node_id
        for want in _wants(snapshot, attempt, place.rank)
    )
    return DesiredSet(node_id, ranks, complete)


def unknown_rank(attempt_id: str, rank: int, fencing: Fencing, state: str, now: Instant) -> DesiredRank:
    """What is wanted of a rank that a node has and the centre does not: that it ends."""
    idle = state in ("staging", "accepted")
    want: Want = (
        WantRelease("not-wanted")
        if idle
        else WantStop(StopCause.CANCELLED, checkpoint=False, lease_until=now)
    )
    return DesiredRank(attempt_id, rank, fencing, want)


def _wants(snapshot: Snapshot, attempt: Attempt, rank: int) -> Iterator[Want]:
    if isinstance(attempt.seen[rank], RankExited | RankReleased):
        return
    match attempt.phase:
        case Offered() as offered:
            yield _offer(snapshot, attempt, rank, offered.lapses_at)
        case Withdrawn() as withdrawn:
            yield WantRelease(type(withdrawn.outcome).__name__)
        case Starting() | Running() | Unknown() as phase:
            yield _start_or_stop(attempt, phase.lease.until)
        case Ending() as ending:
            yield _end(attempt, rank, ending)
        case Ended():
            return


def _offer(snapshot: Snapshot, attempt: Attempt, rank: int, lapses_at: Instant) -> WantOffer:
    job = snapshot.jobs[attempt.job_id]
    gpus = attempt.places[rank].gpus
    return WantOffer(job.id, job.spec, attempt.number, gpus, job.checkpoint_for(rank), lapses_at)


def _start_or_stop(attempt: Attempt, lease_until: Instant) -> Want:
    match attempt.intent:
        case Stop() as stop:
            return WantStop(stop.cause, stop.checkpoint, lease_until)
        case Run():
            return WantStart(addresses(attempt), lease_until)


def _end(attempt: Attempt, rank: int, ending: Ending) -> Want:
    """What has not started is given up, what runs is stopped: as was intended, else because a peer ended."""
    assert not isinstance(attempt.seen[rank], RankOffered), (
        f"{attempt.id} was started before {rank} had accepted"
    )
    if isinstance(attempt.intent, Stop):
        return WantStop(attempt.intent.cause, attempt.intent.checkpoint, ending.lease.until)
    lost = isinstance(ending.outcome, Failed | NodeLost)
    return WantStop(StopCause.PEER_ENDED, checkpoint=not lost, lease_until=ending.lease.until)


def addresses(attempt: Attempt) -> tuple[tuple[str, int], ...]:
    """Where each rank is reached, in rank order; every rank has accepted by then."""
    assert not any(isinstance(seen, RankOffered) for seen in attempt.seen), (
        f"{attempt.id} waits for an answer"
    )
    return tuple(_address(seen) for seen in attempt.seen)


def _address(seen: object) -> tuple[str, int]:
    match seen:
        case RankAccepted(address, port) | RankStarted(address, port):
            return address, port
        case _:
            return "", 0
