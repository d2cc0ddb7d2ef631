"""When a waiting job will probably start, or in one word why nothing can be said of it."""

from dataclasses import dataclass
from enum import StrEnum

from bostan_scheduler.core.instant import Instant


class Basis(StrEnum):
    """What is known of how long the job itself runs; all others are drawn in the same way, each by what is known of it."""

    RUNS = "runs"
    ESTIMATE = "estimate"
    GUESS = "guess"


class Unforeseen(StrEnum):
    """Why there is no forecast."""

    NOT_WAITING = "not-waiting"
    NEVER = "never"
    TOO_MANY_JOBS = "too-many-jobs"
    TOO_SLOW = "too-slow"
    BUSY = "busy"
    OFF = "off"


WHY_UNFORESEEN: dict[Unforeseen, str] = {
    Unforeseen.NOT_WAITING: "the job does not wait",
    Unforeseen.NEVER: "the job cannot start at all as things are; `bostan why` says what is in the way",
    Unforeseen.TOO_MANY_JOBS: "more jobs are unfinished than are forecast with",
    Unforeseen.TOO_SLOW: "too few of the possible futures could be played through in the time allowed",
    Unforeseen.BUSY: "too many forecasts are asked for at once; ask again in some seconds",
    Unforeseen.OFF: "this centre is set to forecast nothing",
}


@dataclass(frozen=True, slots=True)
class Foretold:
    """Of `samples` possible futures from `at` on, when the job started in them, in seconds after `at`.

    A tenth of them was before `p10_seconds`, half before `p50_seconds`, nine tenths before `p90_seconds`. None: not
    within `horizon_seconds`.
    """

    at: Instant
    samples: int
    horizon_seconds: int
    p10_seconds: int | None
    p50_seconds: int | None
    p90_seconds: int | None
    basis: Basis


Forecast = Foretold | Unforeseen
