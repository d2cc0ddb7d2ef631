"""What a world file keeps of parks for a time: their own reserves, and advance reservations for firms."""

from collections.abc import Iterator
from typing import Annotated

from bostan.errors import BostanError
from bostan.strictmodel import StrictModel, refuse
from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.worldfile.fields import Firm, GpuClass, Hours, Seconds, SomeHours

Kept = LocalReserve | AdvanceReservation


class BadWindows(BostanError):
    """More would be kept of a park than it has, or for a firm that there is not."""

    exit_code = 2


class KeptLine(StrictModel):
    """So many GPUs of a class of a park, from an hour on for some hours."""

    park: Annotated[StrictStr, Field(min_length=1, max_length=63)]
    gpu_class: GpuClass
    gpus: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    at_hours: Hours
    hours: SomeHours


class ReserveLine(KeptLine):
    """The park's own; others may have them who are back within the notice, if it lends them."""

    lend_when_idle: StrictBool = False
    notice_seconds: Seconds = 900


class ReservationLine(KeptLine):
    """For one firm alone."""

    firm: Firm


class WindowLine(StrictModel):
    """Exactly one kind of window. The core knows of each from the beginning."""

    reserve: ReserveLine | None = None
    reservation: ReservationLine | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "WindowLine":
        if (self.reserve is None) == (self.reservation is None):
            raise refuse("is not one kind of window", "write one of reserve and reservation in each entry")
        return self


def windows_of(lines: tuple[WindowLine, ...], start: Snapshot) -> dict[str, Kept]:
    """The windows by id. Raises `BadWindows`."""
    windows = {f"window-{number}": _window(line, number, start) for number, line in enumerate(lines)}
    for number, window in enumerate(windows.values()):
        problem, remedy = _problem(window, list(windows.values()), start)
        if problem:
            raise BadWindows(f"windows[{number}].{problem}", remedy)
    return windows


def _window(line: WindowLine, number: int, start: Snapshot) -> Kept:
    kept, name = line.reserve or line.reservation, f"window-{number}"
    assert kept is not None, "an entry is one kind of window"
    span = _at(start, kept.at_hours), _at(start, kept.at_hours + kept.hours)
    if isinstance(kept, ReserveLine):
        terms = kept.lend_when_idle, kept.notice_seconds
        return LocalReserve(name, kept.park, kept.gpu_class, kept.gpus, *span, *terms)
    assert isinstance(kept, ReservationLine)
    return AdvanceReservation(name, kept.park, kept.firm, kept.gpu_class, kept.gpus, *span)


def _problem(window: Kept, windows: list[Kept], start: Snapshot) -> tuple[str, str]:
    """What is wrong with a window beside the others, and what to do; nothing when it may be."""
    if isinstance(window, AdvanceReservation) and window.firm not in start.firms:
        return f"reservation.firm: there is no firm {window.firm}", "add it to the firms of the world"
    has, kept = _gpus(start, window), max(_kept_at_its_begins(window, windows))
    if kept > has:
        problem = f"gpus: {kept} {window.gpu_class} would be kept at once; {window.park} has {has}"
        return problem, "keep fewer, or at another time"
    return "", ""


def _gpus(start: Snapshot, window: Kept) -> int:
    nodes = (node for node in start.nodes.values() if node.park == window.park)
    return sum(start.gpu_class(gpu) == window.gpu_class for node in nodes for gpu in node.gpus)


def _kept_at_its_begins(window: Kept, windows: list[Kept]) -> Iterator[int]:
    """What is kept of the same park and class, at each instant in its time at which more is."""
    same = [one for one in windows if (one.park, one.gpu_class) == (window.park, window.gpu_class)]
    for at in {max(one.from_at, window.from_at) for one in same}:
        if at < window.until_at:
            yield sum(one.gpus for one in same if one.from_at <= at < one.until_at)


def _at(start: Snapshot, hours: float) -> Instant:
    return start.now + round(hours * 3_600_000)
