"""A clock that runs as fast as a job would if the pool were shared evenly: slower the more is asked of it."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class FairClock:
    """`seconds` at the instant `at`; from then on `rate` fair seconds pass a second, until `until_at`, and then one.

    The rate is `work that is done / work that would be done if all that ask had their GPUs`: virtual time of weighted fair queueing (Demers et al.,
    SIGCOMM'89), as finish-time fairness uses it (Themis, NSDI'20).
    """

    seconds: float = 0.0
    at: Instant = 0
    rate: float = 1.0
    until_at: Instant = 0

    def read(self, now: Instant) -> float:
        """Fair seconds at an instant that is not before `at`."""
        slow = max(0, min(now, self.until_at) - self.at)
        return self.seconds + (slow * self.rate + max(0, now - self.at - slow)) / 1000

    def turn(self, now: Instant, until_at: Instant, rate: float) -> "FairClock":
        """The clock from `now` on, at this rate until `until_at`."""
        return FairClock(self.read(now), now, min(1.0, rate), until_at)
