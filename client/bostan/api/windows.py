"""What keeps GPUs of a park from some jobs for a time, and what a park keeps for its own tenants."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bostan.api.common import ClassId, Contract, Id, Instant

WINDOW_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
Gpus = Annotated[int, Field(ge=1, le=1_000_000)]
NodeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class NewMaintenance(Contract):
    """Nodes of a park are away in `[from_at, until_at)`: all of them, unless nodes or classes are named."""

    id: str | None = Field(
        default=None, pattern=WINDOW_ID_PATTERN, description="absent: the centre makes one"
    )
    nodes: tuple[NodeName, ...] = Field(default=(), max_length=1_000)
    gpu_classes: tuple[ClassId, ...] = Field(
        default=(), max_length=100, description="the nodes that have GPUs of these classes"
    )
    from_at: Instant
    until_at: Instant
    reason: str = Field(default="", max_length=512)


class Maintenance(Contract):
    """A maintenance window; `announced_by` is absent where it stands in the quota files."""

    id: str
    park: str
    nodes: tuple[str, ...] = ()
    gpu_classes: tuple[str, ...] = ()
    from_at: Instant
    until_at: Instant
    reason: str = ""
    announced_at: Instant | None = None
    announced_by: str | None = None


class NewReservation(Contract):
    """So many GPUs of a park are for one firm only, in `[from_at, until_at)`."""

    id: str | None = Field(
        default=None, pattern=WINDOW_ID_PATTERN, description="absent: the centre makes one"
    )
    park: Id
    firm: Id
    gpu_class: ClassId
    gpus: Gpus
    from_at: Instant
    until_at: Instant


class Reservation(Contract):
    """An advance reservation; `announced_by` is absent where it stands in the quota files."""

    id: str
    park: str
    firm: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    announced_at: Instant | None = None
    announced_by: str | None = None


class WindowKind(StrEnum):
    """Why GPUs are not for everybody."""

    MAINTENANCE = "maintenance"
    RESERVATION = "reservation"
    LOCAL_RESERVE = "local-reserve"


class Window(Contract):
    """A time in which GPUs of a park are not for everybody; one without an end goes on until it is changed.

    `firm` is told to that firm alone, and to those who see all.
    """

    kind: WindowKind
    id: str
    from_at: Instant
    until_at: Instant | None
    nodes: tuple[str, ...] = ()
    gpu_classes: tuple[str, ...] = ()
    gpus: int | None = None
    firm: str | None = None
    lend_when_idle: bool = False
    reason: str = ""


class DeclaredMaintenance(Contract):
    """A maintenance window as the quota files have it."""

    id: Id
    park: Id
    nodes: tuple[NodeName, ...] = Field(default=(), max_length=1_000)
    gpu_classes: tuple[ClassId, ...] = Field(default=(), max_length=100)
    from_at: Instant
    until_at: Instant
    announced_at: Instant | None = None
    reason: str = Field(default="", max_length=512)


class DeclaredReservation(Contract):
    """An advance reservation as the quota files have it."""

    id: Id
    park: Id
    firm: Id
    gpu_class: ClassId
    gpus: Gpus
    from_at: Instant
    until_at: Instant


class Weekly(Contract):
    """Days and times of day by the clocks of a zone. A time that does not end after it begins ends on the next day."""

    days: tuple[Day, ...] = Field(min_length=1, max_length=7)
    from_minute: int = Field(ge=0, lt=1440, description="minutes since midnight")
    until_minute: int = Field(ge=0, le=1440)
    timezone: str = Field(max_length=64, description="IANA name")


class LocalReserve(Contract):
    """So many GPUs of a park are its own, always or at times; lent when idle, or never."""

    park: Id
    gpu_class: ClassId
    gpus: Gpus
    lend_when_idle: bool = False
    notice_seconds: int = Field(default=900, ge=0, le=86_400)
    when: Weekly | None = Field(default=None, description="absent: always")
