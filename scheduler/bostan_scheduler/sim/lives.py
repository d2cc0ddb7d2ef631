"""The truth of a running attempt: how far it has come, what is saved of that, and when it will be done."""

from dataclasses import dataclass
from math import ceil, floor

from bostan_scheduler.core.instant import Instant


@dataclass(slots=True)
class Life:
    """One attempt from when its command runs. Progress is milliseconds of run time at speed 1.

    It goes on from `base` after `delay` milliseconds, at `speed`. `saved` is the progress that another attempt
    would begin with. `halted_at` is when it went no further, `over` whether its ranks have ended and said so.
    """

    attempt_id: str
    run: int
    base: int
    delay: int
    speed: float
    began_at: Instant
    saved: int
    saves: int = 0
    halted_at: Instant | None = None
    over: bool = False

    @property
    def ends_at(self) -> Instant:
        """When it is done, if nothing stops it."""
        return self.began_at + self.delay + ceil((self.run - self.base) / self.speed)

    def progress(self, now: Instant) -> int:
        """How far it has come."""
        until = now if self.halted_at is None else self.halted_at
        if until >= self.ends_at:
            return self.run
        return min(self.run, self.base + floor(max(0, until - self.began_at - self.delay) * self.speed))

    def wasted(self, now: Instant) -> tuple[int, int]:
        """Of the time until now: what the restart took, and what was for nothing, in milliseconds.

        What is not saved is not lost yet while it goes on.
        """
        took = now - self.began_at
        restart = min(self.delay, took)
        kept = self.progress(now) if self.halted_at is None else self.saved
        return restart, max(0, took - restart - ceil((kept - self.base) / self.speed))

    def save(self, now: Instant) -> int:
        """Save what was done; how far that is."""
        self.saves += 1
        self.saved = self.progress(now)
        return self.saved

    def halt(self, now: Instant) -> None:
        """It goes no further; the first time counts."""
        self.halted_at = now if self.halted_at is None else self.halted_at
