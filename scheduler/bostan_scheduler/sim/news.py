"""What agents tell of the ranks of an attempt: one report a rank, as their journals would have it."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Attempt, Place, RankAccepted, RankExited, RankOffered, RankReleased
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import (
    Accepted,
    CheckpointDeclared,
    CheckpointStored,
    Exited,
    RankNews,
    RankReported,
    Released,
    Started,
    Used,
)

CHECKPOINT = Blob("0" * 64, 1)
ADDRESS, PORT = "127.0.0.1", 29_500
SIGTERM = 15


def report(attempt: Attempt, place: Place, news: RankNews) -> RankReported:
    """News of one rank."""
    return RankReported(place.node_id, attempt.id, place.rank, attempt.fencing, news)


def accepted(attempt: Attempt) -> Iterator[RankReported]:
    """Every rank that was offered is taken."""
    for place, seen in zip(attempt.places, attempt.seen, strict=True):
        if isinstance(seen, RankOffered):
            yield report(attempt, place, Accepted(ADDRESS, PORT))


def started(attempt: Attempt, now: Instant) -> Iterator[RankReported]:
    """Every rank that was taken runs."""
    for place, seen in zip(attempt.places, attempt.seen, strict=True):
        if isinstance(seen, RankAccepted):
            yield report(attempt, place, Started(now))


def released(attempt: Attempt) -> Iterator[RankReported]:
    """Every rank that has not run is given up."""
    for place, seen in zip(attempt.places, attempt.seen, strict=True):
        if isinstance(seen, RankOffered | RankAccepted):
            yield report(attempt, place, Released())


def saved(attempt: Attempt, number: int, step: int) -> Iterator[RankReported]:
    """Rank 0 has saved a checkpoint for all of them, and the centre has it."""
    place = attempt.places[0]
    yield report(attempt, place, CheckpointDeclared(number, step))
    yield report(attempt, place, CheckpointStored(number, step, CHECKPOINT))


def ended(attempt: Attempt, began_at: Instant, now: Instant, cause: str) -> Iterator[RankReported]:
    """Every rank has ended and left its GPUs; its GPU time is told before."""
    signal = 0 if cause == "exited" else SIGTERM
    exited = Exited(0, signal, cause, "", began_at, None, now, 0)
    ranks = [
        place
        for place, seen in zip(attempt.places, attempt.seen, strict=True)
        if not isinstance(seen, RankExited | RankReleased)
    ]
    for place in ranks:
        if now > began_at and place.gpus:
            yield report(attempt, place, Used(place.gpus, began_at, now, now - began_at, None, now))
        yield report(attempt, place, exited)
    for place in ranks:
        yield report(attempt, place, Released())
