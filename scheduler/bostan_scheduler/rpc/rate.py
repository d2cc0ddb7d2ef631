"""How fast somebody may go: so many at once, and so many in the long run."""

import time
from collections.abc import Callable


class Rate:
    """A bucket that fills at a steady rate; each step takes one out."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._clock = clock
        self._left = self._burst
        self._at = clock()

    def step(self) -> bool:
        """Whether one more is within the rate."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
