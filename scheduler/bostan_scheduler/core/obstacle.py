"""What keeps GPUs from some jobs for a time: maintenance, advance reservations and a park's own tenants.

All are one kind of obstacle in the timeline. A window is half-open: `[from_at, until_at)`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


def _require_window(from_at: Instant, until_at: Instant) -> None:
    assert from_at < until_at, "a window is not empty"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nothing runs on nodes of a park, unless it can be checkpointed away: on those that are named, and on those that
    have GPUs of a class that is named; on any when neither is.

    `announced_by` is who announced it while the centre runs; empty: it stands in the quota files.
    """

    id: str
    park: str
    node_ids: tuple[str, ...]
    from_at: Instant
    until_at: Instant
    gpu_classes: tuple[str, ...] = ()
    reason: str = ""
    announced_at: Instant | None = None
    announced_by: str = ""

    def __post_init__(self) -> None:
        _require_window(self.from_at, self.until_at)

    def closes(self, node_id: str, classes: Collection[str]) -> bool:
        """Whether a node of its park that has GPUs of these classes is away."""
        everywhere = not self.node_ids and not self.gpu_classes
        return everywhere or node_id in self.node_ids or any(one in self.gpu_classes for one in classes)


@dataclass(frozen=True, slots=True)
class AdvanceReservation:
    """So many GPUs of a park are for one firm only.

    `announced_by` is who made it while the centre runs; empty: it stands in the quota files.
    """

    id: str
    park: str
    firm: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    announced_at: Instant | None = None
    announced_by: str = ""

    def __post_init__(self) -> None:
        _require_window(self.from_at, self.until_at)
        assert self.gpus > 0, f"{self.id} reserves nothing"


@dataclass(frozen=True, slots=True)
class LocalReserve:
    """So many GPUs are the park's own, for one time of a standing reserve.

    `lend_when_idle`: others may have them, who save themselves and are gone within `notice_seconds` of being asked.
    """

    id: str
    park: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    lend_when_idle: bool
    notice_seconds: int

    def __post_init__(self) -> None:
        _require_window(self.from_at, self.until_at)
        assert self.gpus > 0, f"{self.id} keeps nothing"
        assert self.notice_seconds >= 0


Announced = Maintenance | AdvanceReservation
"""What is announced with a window of its own."""

Obstacle = Announced | LocalReserve

Part = AdvanceReservation | LocalReserve
"""What takes so many GPUs of a park, whichever they are."""


@dataclass(frozen=True, slots=True)
class Pins:
    """The nodes that keep what a part of a park asks for, by name, and how many GPUs each: settled when its time is near."""

    obstacle_id: str
    gpus: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Weekly:
    """Days of the week (`mon` to `sun`) and minutes since midnight, by the clocks of a time zone."""

    days: tuple[str, ...]
    from_minute: int
    until_minute: int
    zone: str

    def __post_init__(self) -> None:
        assert self.days, "it comes on some day"
        assert 0 <= self.from_minute < 1440
        assert 0 <= self.until_minute <= 1440


@dataclass(frozen=True, slots=True)
class StandingReserve:
    """What a park keeps for its own tenants, always or each week. Whoever knows calendars says when that is next."""

    id: str
    park: str
    gpu_class: str
    gpus: int
    lend_when_idle: bool
    notice_seconds: int
    weekly: Weekly | None = None

    def __post_init__(self) -> None:
        assert self.gpus > 0, f"{self.id} keeps nothing"
        assert self.notice_seconds >= 0
