"""A clock that runs as fast as a job would if the pool were shared evenly: slower the more is asked of it."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class FairClock:
    """`seconds` at the instant `at`; from then on `rate` fair seconds pass a second, until `until_at`, and then one.

    The rate is `min(1, GPUs of the pool / GPUs asked for)`: virtual time of weighted fair queueing (Demers et al.,
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

    def turn(self, now: Instant, until_at: Instant, pool_gpus: int, asked_gpus: int) -> "FairClock":
        """The clock from `now` on, when so many GPUs are asked for."""
        return FairClock(self.read(now), now, min(1.0, pool_gpus / max(1, asked_gpus)), until_at)
