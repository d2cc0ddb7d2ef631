"""Usage that fades: the GPU time of each account, worth half as much after each half-life.

All values are kept as of one landmark, so that time that passes changes none of them (forward decay, Cormode et al.,
ICDE'09). A segment counts for the integral over it: cut in pieces it counts the same, and in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import exp2, expm1, log

from bostan_scheduler.core.instant import Instant

HALF_LIVES_KEPT = 10
"""What is older counts less than a thousandth and is not looked at when a leader starts."""

LANDMARK_HALF_LIVES = 64
"""The landmark moves before values grow out of what a float can hold."""

FADED_GPU_SECONDS = 1e-6

Account = tuple[str | None, str]
"""A firm's project and a GPU class."""


@dataclass(frozen=True, slots=True)
class Decayed:
    """GPU-seconds by firm and account, as they are worth at the `landmark`."""

    half_life_seconds: int = 7 * 86_400
    landmark: Instant = 0
    worth: Mapping[str, Mapping[Account, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.half_life_seconds > 0

    def add(
        self, firm: str, account: Account, from_at: Instant, until_at: Instant, gpu_milliseconds: int
    ) -> "Decayed":
        """With GPU time that was spent evenly over `[from_at, until_at)`, or at once where that is empty."""
        assert gpu_milliseconds >= 0, f"{firm} would get usage back"
        until_at = max(from_at, until_at)
        if self._half_lives(until_at) > LANDMARK_HALF_LIVES:
            return self._moved_to(until_at).add(firm, account, from_at, until_at, gpu_milliseconds)
        faded = log(2) * (until_at - from_at) / 1000 / self.half_life_seconds
        mean = -expm1(-faded) / faded if faded else 1.0
        worth = gpu_milliseconds / 1000 * mean * exp2(self._half_lives(until_at))
        before = self.worth.get(firm, {})
        mine = {**before, account: before.get(account, 0.0) + worth}
        return replace(self, worth={**self.worth, firm: mine})

    def value_at(self, now: Instant) -> Mapping[str, Mapping[Account, float]]:
        """GPU-seconds by firm and account, as they are worth now."""
        return {firm: self.of_firm(firm, now) for firm in self.worth}

    def of_firm(self, firm: str, now: Instant) -> Mapping[Account, float]:
        """A firm's GPU-seconds by account, as they are worth now."""
        fade = exp2(-self._half_lives(now))
        return {account: worth * fade for account, worth in self.worth.get(firm, {}).items()}

    def gpus(self, gpu_seconds: float) -> float:
        """So many GPUs held for ever would be worth these decayed GPU-seconds: what was held lately on average."""
        return gpu_seconds * log(2) / self.half_life_seconds

    def _half_lives(self, at: Instant) -> float:
        return (at - self.landmark) / 1000 / self.half_life_seconds

    def _moved_to(self, landmark: Instant) -> "Decayed":
        """The same as of another landmark, without accounts that have faded to nothing."""
        worth = {
            firm: kept
            for firm, mine in self.value_at(landmark).items()
            if (kept := {account: one for account, one in mine.items() if one > FADED_GPU_SECONDS})
        }
        return replace(self, landmark=landmark, worth=worth)
