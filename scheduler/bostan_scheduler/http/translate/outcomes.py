"""Outcomes and phases in the contract's words."""

from typing import assert_never

from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Offered,
    Running,
    Starting,
    Stop,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.outcome import (
    Cancelled,
    Failed,
    NodeLost,
    Outcome,
    Preempted,
    Requeued,
    StartFailed,
    Succeeded,
    TimedOut,
)

_SIGNALLED = 128


def outcome_word(outcome: Outcome) -> str:
    """The outcome in one word."""
    match outcome:
        case Succeeded():
            return "succeeded"
        case Failed():
            return "failed"
        case Cancelled():
            return "cancelled"
        case TimedOut():
            return "timed-out"
        case Requeued():
            return "requeued"
        case Preempted():
            return "preempted"
        case NodeLost():
            return "node-lost"
        case StartFailed():
            return "start-failed"
        case _:
            assert_never(outcome)


def exit_code(outcome: Outcome) -> int | None:
    """What a shell would show; None when no command decided the outcome."""
    match outcome:
        case Succeeded():
            return 0
        case Failed(exit_code=code, signal=signal):
            return _SIGNALLED + signal if signal else code
        case _:
            return None


def final_state(outcome: Outcome) -> str:
    """The one word for people, of a job that has finished."""
    match outcome:
        case Succeeded():
            return "succeeded"
        case Cancelled():
            return "cancelled"
        case _:
            return "failed"


def attempt_phase(attempt: Attempt) -> str:
    """The phase of an attempt, as the contract names it."""
    match attempt.phase:
        case Offered():
            return "offered"
        case Starting():
            return "starting"
        case Running():
            return "running"
        case Unknown():
            return "unknown"
        case Withdrawn() | Ending():
            return "ending"
        case Ended():
            return "finished"
        case _:
            assert_never(attempt.phase)


def active_state(attempt: Attempt | None) -> str:
    """The one word for people, of a job that has an attempt under way."""
    if attempt is None:  # read a moment before it was made
        return "starting"
    match attempt.phase:
        case Unknown():
            return "unknown"
        case Withdrawn() | Ending():
            return "stopping"
        case Offered() | Starting() | Running() if isinstance(attempt.intent, Stop):
            return "stopping"
        case Offered() | Starting():
            return "starting"
        case Running():
            return "running"
        case Ended():  # the job moves on in the same moment
            return "stopping"
        case _:
            assert_never(attempt.phase)
