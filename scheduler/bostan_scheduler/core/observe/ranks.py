"""What follows from news of a rank: the journal of its node decides what happened."""

from dataclasses import replace
from typing import assert_never

from bostan_scheduler.core.attempt import (
    NODE_LOST,
    Attempt,
    Ended,
    Ending,
    Offered,
    RankAccepted,
    RankExited,
    RankOffered,
    RankReleased,
    RankSeen,
    RankStarted,
    Running,
    Starting,
    Stop,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.changes import Change, KeepOutput, LoseOutput, Move, See, Use
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Output
from bostan_scheduler.core.observe.checkpoints import on_checkpoint_news
from bostan_scheduler.core.observe.ending import (
    end_if_free,
    outcome_of_exits,
    start_ending,
    withdraw,
)
from bostan_scheduler.core.observe.late import on_late_exit
from bostan_scheduler.core.observe.leases import first_lease
from bostan_scheduler.core.outcome import StartFailed
from bostan_scheduler.core.outputs import NO_OUTPUTS, OutputsOnTheWay
from bostan_scheduler.core.reports import (
    Accepted,
    CheckpointDeclared,
    CheckpointLost,
    CheckpointStored,
    Exited,
    OutputLost,
    OutputStored,
    RankReported,
    Refused,
    Released,
    Started,
    Used,
)
from bostan_scheduler.core.snapshot import Snapshot


def on_rank_reported(snapshot: Snapshot, report: RankReported) -> tuple[Change, ...]:
    """Changes from one rank's news. News of a rank that the node was never given is nothing."""
    attempt = snapshot.attempts.get(report.attempt_id)
    if attempt is None or not was_given(attempt, report):
        return ()
    match report.news:
        case Used() as used:
            return use(attempt, report.rank, used)
        case OutputStored() | OutputLost() as output:
            return (settle_output(attempt, report.rank, output),)
        case CheckpointDeclared() | CheckpointStored() | CheckpointLost() as news:
            return on_checkpoint_news(snapshot, attempt, report.rank, news)
        case Accepted() as accepted:
            return _on_accepted(snapshot, attempt, report.rank, accepted)
        case Refused() as refused:
            return _on_refused(snapshot, attempt, report.rank, refused)
        case Started(at):
            return _on_started(snapshot, attempt, report.rank, at)
        case Exited() as exited:
            return _on_exited(snapshot, attempt, report.rank, exited)
        case Released():
            return _on_released(snapshot, attempt, report.rank)
        case _:
            assert_never(report.news)


def was_given(attempt: Attempt, report: RankReported) -> bool:
    """Whether the node was given this rank under this fencing number."""
    if not 0 <= report.rank < len(attempt.places):
        return False
    return attempt.places[report.rank].node_id == report.node_id and attempt.fencing == report.fencing


def use(attempt: Attempt, rank: int, used: Used) -> tuple[Use, ...]:
    """GPU time of a rank: the GPUs that it was given times the time that the node measured.

    A node whose journal was wiped tells it again, cut in another way: only what is new is counted.
    """
    place, before = attempt.places[rank], (attempt.used_until_ms or (0,) * len(attempt.places))[rank]
    fresh_ms = min(used.milliseconds, used.until_boot_ms - before)
    if fresh_ms <= 0 or not place.gpus:
        return ()
    energy = used.energy_millijoules
    fresh = Use(
        attempt_id=attempt.id,
        rank=rank,
        firm=attempt.firm,
        project=attempt.project,
        gpu_class=attempt.gpu_class or "",
        gpus=place.gpus,
        from_at=max(used.from_at, used.until_at - fresh_ms),
        until_at=used.until_at,
        gpu_milliseconds=len(place.gpus) * fresh_ms,
        energy_millijoules=energy * fresh_ms // used.milliseconds if energy is not None else None,
        until_boot_ms=used.until_boot_ms,
    )
    return (fresh,)


def settle_output(attempt: Attempt, rank: int, news: OutputStored | OutputLost) -> KeepOutput | LoseOutput:
    """What became of what the rank left behind, under its job."""
    match news:
        case OutputStored(blob, left_out):
            return KeepOutput(attempt.job_id, attempt.firm, Output(rank, attempt.number, blob), left_out)
        case OutputLost(detail):
            return LoseOutput(attempt.job_id, attempt.firm, attempt.id, rank, detail)
        case _:
            assert_never(news)


def _on_accepted(snapshot: Snapshot, attempt: Attempt, rank: int, news: Accepted) -> tuple[Change, ...]:
    """A node that has lost its journal may accept anew, with another port."""
    accepted = RankAccepted(news.address, news.port)
    if not isinstance(attempt.seen[rank], RankOffered | RankAccepted) or attempt.seen[rank] == accepted:
        return ()
    match attempt.phase:
        case Offered() | Withdrawn():
            seen, attempt = _see(attempt, rank, accepted)
            return (seen, *_start_if_all_accepted(snapshot, attempt))
        case _:
            return ()


def _start_if_all_accepted(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    all_accepted = all(isinstance(seen, RankAccepted) for seen in attempt.seen)
    if not (all_accepted and isinstance(attempt.phase, Offered)):
        return ()
    lapses_at = after(snapshot.now, snapshot.settings.start_within_seconds)
    lease = first_lease(snapshot, attempt)
    return (Move(attempt.id, Starting(snapshot.now, lapses_at, lease), "every node has accepted"),)


def _on_refused(snapshot: Snapshot, attempt: Attempt, rank: int, news: Refused) -> tuple[Change, ...]:
    if not isinstance(attempt.seen[rank], RankOffered):
        return ()
    seen, attempt = _see(attempt, rank, RankReleased(news.reason))
    if isinstance(attempt.phase, Offered):
        reason = f"{news.reason}: {news.detail}" if news.detail else news.reason
        outcome = StartFailed(attempt.places[rank].node_id, reason)
        return (seen, *withdraw(snapshot, attempt, outcome))
    return (seen, *end_if_free(snapshot, attempt))


def _on_started(snapshot: Snapshot, attempt: Attempt, rank: int, at: int) -> tuple[Change, ...]:
    before = attempt.seen[rank]
    if not isinstance(before, RankAccepted) or isinstance(attempt.phase, Offered | Withdrawn | Ended):
        return ()
    seen, attempt = _see(attempt, rank, RankStarted(before.address, before.port, at))
    return (seen, *_run_if_all_started(snapshot, attempt))


def _run_if_all_started(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    up = all(isinstance(seen, RankStarted | RankExited) for seen in attempt.seen)
    match attempt.phase:
        case Starting() as starting if up:
            return (Move(attempt.id, _running(snapshot, attempt, starting), "every rank runs"),)
        case Unknown(since=since, before=Starting() as starting) if up:
            running = _running(snapshot, attempt, starting)
            return (Move(attempt.id, Unknown(since, running), "every rank runs"),)
        case _:
            return ()


def _running(snapshot: Snapshot, attempt: Attempt, starting: Starting) -> Running:
    """It runs since its last rank has begun, by the nodes' calendars: but not since before it was told to, nor from now on."""
    began = (seen.at for seen in attempt.seen if isinstance(seen, RankStarted))
    since = min(max(starting.since, *began), snapshot.now)
    return Running(max(since, starting.since), starting.lease)


def _on_exited(snapshot: Snapshot, attempt: Attempt, rank: int, news: Exited) -> tuple[Change, ...]:
    exited = exit_of(attempt, rank, news)
    if exited is None:
        return ()
    seen, attempt = _see(attempt, rank, exited)
    if isinstance(attempt.phase, Ended):
        return (seen, *on_late_exit(snapshot, attempt))
    return (seen, *_after_exit(snapshot, attempt))


def exit_of(attempt: Attempt, rank: int, news: Exited) -> RankExited | None:
    """The end of a rank as its node has it on record, or None where it is nothing new.

    What was never told to start has not run, and an exit is heard once; but it replaces one that was only supposed.
    """
    before = attempt.seen[rank]
    supposed = isinstance(before, RankExited) and before.cause == NODE_LOST
    never_started = isinstance(attempt.phase, Offered | Withdrawn)
    if never_started or not (supposed or isinstance(before, RankAccepted | RankStarted)):
        return None
    return RankExited(
        exit_code=news.exit_code,
        signal=news.signal,
        cause=news.cause,
        detail=news.detail,
        started_at=news.started_at,
        first_output_at=news.first_output_at,
        ended_at=news.ended_at,
        log_bytes=news.log_bytes,
        released=supposed,
        outputs=OutputsOnTheWay() if news.output_pending else NO_OUTPUTS,
    )


def _after_exit(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """One rank that failed ends the gang; ranks that succeed end it together."""
    match attempt.phase:
        case Starting() | Running() | Unknown():
            outcome = outcome_of_exits(attempt)
            if outcome is None:  # an end is a start too, if nobody told of the start
                return _run_if_all_started(snapshot, attempt)
            return start_ending(snapshot, attempt, attempt.phase.lease, outcome)
        case Ending():
            return end_if_free(snapshot, attempt)
        case Offered() | Withdrawn() | Ended():
            raise AssertionError(f"{attempt.id} has no lease, and a rank of it exits")
        case _:
            assert_never(attempt.phase)


def _on_released(snapshot: Snapshot, attempt: Attempt, rank: int) -> tuple[Change, ...]:
    seen = attempt.seen[rank]
    match seen:
        case RankExited(released=False):
            change, attempt = _see(attempt, rank, replace(seen, released=True))
        case RankOffered() | RankAccepted():
            change, attempt = _see(attempt, rank, RankReleased("released"))
        case _:
            return ()
    if isinstance(attempt.phase, Ended):
        return (change,)
    return (change, *_after_release(snapshot, attempt))


def _after_release(snapshot: Snapshot, attempt: Attempt) -> tuple[Change, ...]:
    """A rank that is let go before it ran means that the attempt is being stopped, or that it cannot start."""
    match attempt.phase:
        case Starting() | Running() | Unknown() if isinstance(attempt.intent, Stop):
            return start_ending(snapshot, attempt, attempt.phase.lease, attempt.intent.outcome)
        case Starting() | Unknown() if any(isinstance(seen, RankReleased) for seen in attempt.seen):
            outcome = StartFailed(_first_released(attempt), "the node gave its rank up")
            return start_ending(snapshot, attempt, attempt.phase.lease, outcome)
        case Offered() if any(isinstance(seen, RankReleased) for seen in attempt.seen):
            return withdraw(snapshot, attempt, StartFailed(_first_released(attempt), "the accept has lapsed"))
        case _:
            return end_if_free(snapshot, attempt)


def _first_released(attempt: Attempt) -> str:
    rank = next(rank for rank, seen in enumerate(attempt.seen) if isinstance(seen, RankReleased))
    return attempt.places[rank].node_id


def _see(attempt: Attempt, rank: int, seen: RankSeen) -> tuple[See, Attempt]:
    everything = (*attempt.seen[:rank], seen, *attempt.seen[rank + 1 :])
    return See(attempt.id, rank, seen), replace(attempt, seen=everything)
