"""When to try again, and when to give up: full-jitter back-off under a limit on tries and on time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bostan.errors import Answered, BostanError, CannotReach, RateLimited, TimedOut

_BUSY_STATUSES: Final = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retry:
    """Limits on trying again. `tries_max` counts the first try too."""

    tries_max: int = 6
    total_seconds_max: float = 60.0
    first_seconds: float = 0.2
    longest_seconds: float = 10.0

    def at_most(self, seconds: float) -> Retry:
        """The same, and no longer than so many seconds."""
        return replace(self, total_seconds_max=min(self.total_seconds_max, seconds))

    def longest_pause_seconds(self, failures: int) -> float:
        """The upper end of the draw after so many failures in a row."""
        return min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 32))


ONE_REQUEST: Final = Retry()
# A followed log outlives a restart of the centre, and a cut of the user's own line.
FOLLOW: Final = Retry(tries_max=1_000, total_seconds_max=900.0, first_seconds=0.1, longest_seconds=5.0)
ONCE: Final = Retry(tries_max=1)


@dataclass(slots=True)
class Patience:
    """The failures in a row of one request."""

    retry: Retry
    repeatable: bool
    now: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = random.random
    failures: int = 0
    _since: float | None = field(default=None)

    def pause_after(self, failure: BostanError, *, never_sent: bool = False) -> float:
        """Seconds to wait before the next try. Raises the failure when another try would be wrong or too late.

        `never_sent` says that the request cannot have reached the centre: sending it again is safe whatever it is.
        """
        self.failures += 1
        began = self._since if self._since is not None else self.now()
        self._since = began
        if self.failures >= self.retry.tries_max or not worth_repeating(
            failure, self.repeatable or never_sent
        ):
            raise failure
        pause = self._pause(failure)
        if self.now() + pause - began > self.retry.total_seconds_max:
            raise failure
        return pause

    def progress(self) -> None:
        """Something came through: the count begins anew."""
        self.failures, self._since = 0, None

    def _pause(self, failure: BostanError) -> float:
        jittered = self.draw() * self.retry.longest_pause_seconds(self.failures)
        asked = failure.retry_after_seconds if isinstance(failure, Answered) else None
        return jittered if asked is None else asked + jittered


def worth_repeating(failure: BostanError, repeatable: bool) -> bool:
    """Whether the same request may succeed later, and does no harm if the first one did."""
    match failure:
        case RateLimited():
            return True
        case CannotReach() | TimedOut():
            return repeatable
        case Answered():
            return repeatable and failure.status in _BUSY_STATUSES
        case _:
            return False
