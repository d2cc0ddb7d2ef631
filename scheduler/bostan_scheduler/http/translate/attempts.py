"""Attempts and their ranks, as the contract shows them."""

from collections.abc import Callable
from typing import assert_never

from bostan import api

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Place,
    RankAccepted,
    RankExited,
    RankOffered,
    RankReleased,
    RankSeen,
    RankStarted,
    Stop,
)
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.observe.ending import why_of
from bostan_scheduler.core.outputs import NoOutputs, OutputsKept, OutputsLost, OutputsOnTheWay, RankOutputs
from bostan_scheduler.http.translate.outcomes import attempt_phase, outcome_word

LogBytes = Callable[[str, int], int]
"""How much of a rank's log is kept so far, by attempt id and rank."""


def attempt_model(attempt: Attempt, job: Job, log_bytes: LogBytes) -> api.Attempt:
    """One try at a job."""
    ended = attempt.phase if isinstance(attempt.phase, Ended) else None
    steps = [one.step for one in job.checkpoints if one.attempt_number == attempt.number]
    return api.Attempt(
        id=attempt.id,
        number=attempt.number,
        phase=attempt_phase(attempt),
        intent="stop" if isinstance(attempt.intent, Stop) else "run",
        park=attempt.park,
        gpu_class=attempt.gpu_class,
        created_at=attempt.created_at,
        started_at=attempt.started_at,
        finished_at=ended.at if ended else None,
        lease_until=attempt.lease.until if attempt.lease else None,
        outcome=outcome_word(ended.outcome) if ended else None,
        outcome_detail=why_of(ended.outcome) if ended else "",
        checkpoint_step=max(steps, default=None),
        resumed_from_step=attempt.resumed_from_step,
        ranks=tuple(
            _rank(attempt.id, place, seen, log_bytes)
            for place, seen in zip(attempt.places, attempt.seen, strict=True)
        ),
    )


def _rank(attempt_id: str, place: Place, seen: RankSeen, log_bytes: LogBytes) -> api.Rank:
    common = {"rank": place.rank, "node": place.node_id, "gpus": place.gpus}
    match seen:
        case RankOffered():
            return api.Rank(**common, state="offered")
        case RankAccepted():
            return api.Rank(**common, state="accepted")
        case RankStarted(at=at):
            length = log_bytes(attempt_id, place.rank)
            return api.Rank(**common, state="started", started_at=at, log_bytes=length)
        case RankReleased():
            return api.Rank(**common, state="released")
        case RankExited():
            outputs, detail = outputs_words(seen.outputs)
            return api.Rank(
                **common,
                state="exited",
                exit_code=seen.exit_code,
                signal=seen.signal or None,
                started_at=seen.started_at,
                first_output_at=seen.first_output_at,
                ended_at=seen.ended_at,
                log_bytes=seen.log_bytes,
                outputs=outputs,
                outputs_detail=detail,
            )
        case _:
            assert_never(seen)


def outputs_words(outputs: RankOutputs) -> tuple[str, str]:
    """What became of a rank's outputs in one word, and what there is to say about it."""
    match outputs:
        case NoOutputs():
            return "none", ""
        case OutputsOnTheWay():
            return "on-the-way", ""
        case OutputsKept(left_out):
            return "kept", f"without {left_out}" if left_out else ""
        case OutputsLost(why):
            return "lost", why
        case _:
            assert_never(outputs)
