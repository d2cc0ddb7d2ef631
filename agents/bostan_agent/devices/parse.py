"""From the child's plain answers to values, every field checked: a child beside a broken driver is not trusted."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from bostan_agent.devices import errors
from bostan_agent.devices.values import (
    DeviceEvent,
    EventsInterrupted,
    GpuChanged,
    Inventory,
    Telemetry,
    XidSeen,
)

T = TypeVar("T")

_INVENTORY = TypeAdapter(Inventory)
_TELEMETRY = TypeAdapter(Telemetry)
_PROCESSES = TypeAdapter(dict[str, frozenset[int]])
_EVENTS: dict[str, TypeAdapter[DeviceEvent]] = {
    "XidSeen": TypeAdapter(XidSeen),
    "GpuChanged": TypeAdapter(GpuChanged),
    "EventsInterrupted": TypeAdapter(EventsInterrupted),
}
_ERRORS: dict[str, type[errors.DevicesError]] = {
    kind.__name__: kind for kind in (errors.DriverMissing, errors.DriverMismatch, errors.DriverRefused)
}


def inventory(answer: Any) -> Inventory:
    """The answer to "inventory"."""
    return _checked(_INVENTORY.validate_python, answer)


def telemetry(answer: Any) -> Telemetry:
    """The answer to "telemetry"."""
    return _checked(_TELEMETRY.validate_python, answer)


def processes(answer: Any) -> dict[str, frozenset[int]]:
    """The answer to "processes"."""
    return _checked(_PROCESSES.validate_python, answer)


def event(name: Any, value: Any) -> DeviceEvent:
    """An event frame's content."""
    adapter = _EVENTS.get(name)
    if adapter is None:
        raise errors.DevicesUnclear(f"The process that reads the devices told of an unknown event: {name!r}.")
    return _checked(adapter.validate_python, value)


def refusal(name: Any, message: Any) -> NoReturn:
    """Raise what the child could not do, as the error that it names."""
    raise _ERRORS.get(str(name), errors.DevicesUnclear)(str(message))


def _checked(check: Callable[[Any], T], answer: Any) -> T:
    try:
        return check(answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "answer"
        raise errors.DevicesUnclear(
            f"The devices' answer is not understood at {place}: {first['msg']}."
        ) from error
