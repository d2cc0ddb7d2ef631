"""What keeps GPUs from some jobs for a time: maintenance, advance reservations and a park's own tenants.

All are one kind of obstacle in the timeline. A window is half-open: `[from_at, until_at)`.
"""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nothing runs on these nodes of a park, or on any when none is named, unless it can be checkpointed away."""

    id: str
    park: str
    node_ids: tuple[str, ...]
    from_at: Instant
    until_at: Instant


@dataclass(frozen=True, slots=True)
class AdvanceReservation:
    """So many GPUs of a park are for one firm only."""

    id: str
    park: str
    firm: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant


@dataclass(frozen=True, slots=True)
class LocalReserve:
    """So many GPUs are the park's own. Lent when idle, they are back within the notice; else never lent.

    A reserve that comes back each week is listed once for each time.
    """

    id: str
    park: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    lend_when_idle: bool
    notice_seconds: int


Obstacle = Maintenance | AdvanceReservation | LocalReserve
