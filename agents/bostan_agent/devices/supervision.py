"""How the child that reads NVML is watched: its limits, and when it may be started again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bostan_agent.devices import wire
from bostan_agent.devices.errors import DevicesError, DriverMismatch, DriverMissing, DriverRefused

_DOUBLINGS_MAX = 32
"""Keeps the power of two small; the pause has its own limit long before."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """How the child that reads NVML is watched."""

    answer_seconds_max: float = 15.0
    """The watchdog: a child that is silent for longer is killed."""
    pause_seconds_min: float = 1.0
    """Before the first restart; doubled at each further death."""
    pause_seconds_max: float = 60.0
    driver_seconds: float = 300.0
    """Between two looks for a driver that is missing or will not start."""
    stable_seconds: float = 60.0
    """A child that lived this long is forgiven: its death counts as a first one."""
    unkillable_max: int = 2
    """Killed children that the kernel still holds, as when a driver hangs: with so many, none is started."""
    close_seconds_max: float = 2.0
    """What a child gets to end by itself when the agent ends."""
    questions_max: int = 8
    """Questions under way at once; further ones wait for their turn."""
    events_max: int = 1024
    """Events kept for a slow reader; older ones are dropped, and that is told."""
    frame_bytes_max: int = 4 * 1024 * 1024
    """The longest answer believed."""
    library_folder: str | None = None
    """Where to look first for libnvidia-ml.so.1, if not where the system's linker looks."""
    driver_folder: Path = Path("/proc/driver/nvidia")
    pci_folder: Path = Path("/sys/bus/pci/devices")

    def __post_init__(self) -> None:
        assert self.questions_max <= wire.REQUESTS_MAX


class Pause:
    """When a child may be started again, and why not yet."""

    def __init__(self, supervision: Supervision, clock: Callable[[], float]) -> None:
        self._supervision = supervision
        self._clock = clock
        self._deaths = 0
        self._started_at = 0.0
        self._not_before = float("-inf")
        self._error: DevicesError | None = None

    def started(self) -> None:
        """A child was started now."""
        self._started_at = self._clock()

    def died(self, error: DevicesError) -> None:
        """It died of `error` now."""
        if self._clock() - self._started_at >= self._supervision.stable_seconds:
            self._deaths = 0
        self._not_before = self._clock() + self._seconds(error)
        self._deaths += 1
        self._error = error

    def check(self) -> None:
        """Raise the error that the last child died of while it is too early for another."""
        left = self._not_before - self._clock()
        if left > 0 and self._error is not None:
            raise type(self._error)(f"{self._error} Next try in {left:.0f} s.")

    def _seconds(self, error: DevicesError) -> float:
        """A driver that is not there is not looked for as often as a child that died."""
        if isinstance(error, DriverMissing | DriverMismatch | DriverRefused):
            return self._supervision.driver_seconds
        doubled = self._supervision.pause_seconds_min * 2.0 ** min(self._deaths, _DOUBLINGS_MAX)
        return min(doubled, self._supervision.pause_seconds_max)
