"""The centre's time: placed on the calendar once, then counted by the machine's boot clock.

A lease ends at an instant. If somebody sets the wall clock forward, no lease may end by it: the agents count theirs by
their own boot clocks, and would still be running what the centre has given away.
"""

import time
from dataclasses import dataclass
from typing import Self

from bostan_scheduler.core.instant import Instant

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class CentreClock:
    """UTC milliseconds as `offset_ms` after the boot clock. All processes of a centre on one machine share one."""

    offset_ms: int

    @classmethod
    def placed_now(cls) -> Self:
        """Takes the calendar from the wall clock, this once."""
        return cls(wall_ms() - boot_ms())

    def __call__(self) -> Instant:
        """Now."""
        return boot_ms() + self.offset_ms

    def ahead_of_wall_ms(self) -> int:
        """How far it is ahead of the wall clock by now: what the wall clock was set back since, or less than zero."""
        return self() - wall_ms()


def wall_ms() -> Instant:
    """The time of day in UTC milliseconds; it may jump."""
    return time.time_ns() // NS_PER_MS


def boot_ms() -> int:
    """Milliseconds since the machine booted, sleep included; it never jumps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // NS_PER_MS
