"""Settings of the core that a world sets otherwise: any field by its name, objects in them by theirs."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_type_hints

from bostan.strictmodel import Finding, nearest, refuse_all, shown
from pydantic_core import PydanticCustomError

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.sim.world import SETTINGS

NUMBER_MAX: Final = 1e12
KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}
Value = TypeVar("Value")


def settings_of(order: str | None, changes: Mapping[str, object]) -> Settings:
    """The simulator's settings with an order, and some fields changed. Raises as `overridden` does."""
    begun = SETTINGS if order is None else replace(SETTINGS, order=ORDERS[order]())
    return overridden(begun, changes, ("settings",))


def overridden(value: Value, changes: Mapping[str, object], at: tuple[str, ...]) -> Value:
    """The value with some fields changed. Raises pydantic's error for one that is not there or cannot be so."""
    assert is_dataclass(value)
    hints = get_type_hints(type(value))
    known = {one.name: getattr(value, one.name) for one in fields(value)}
    new: dict[str, Any] = {}
    for name, change in changes.items():
        if name not in known:
            near = nearest(name, list(known))
            remedy = f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}"
            raise wrong((*at, name), "is no setting", remedy)
        new[name] = _changed(known[name], hints[name], change, (*at, name))
    try:
        changed: Value = replace(value, **new)  # type: ignore[type-var]
    except AssertionError as error:
        raise wrong(at, f"does not hold together: {error}", "correct it") from None
    return changed


def _changed(before: object, hint: object, change: object, at: tuple[str, ...]) -> object:
    if change is None and NoneType in get_args(hint):
        return None
    if is_dataclass(before) and isinstance(change, Mapping):
        return overridden(before, change, at)
    if isinstance(change, int | float) and not 0 <= change <= NUMBER_MAX:
        raise wrong(at, f"is {change}", f"write 0 to {NUMBER_MAX:g}")
    if isinstance(before, float) and type(change) is int:
        return float(change)
    if type(before) is type(change):
        return change
    if is_dataclass(before):
        known = ", ".join(one.name for one in fields(before))
        raise wrong(at, f"must be a mapping of its fields, not {shown(change)}", f"known there: {known}")
    kind = KINDS.get(type(before), "nothing")
    raise wrong(at, f"must be {kind}, not {shown(change)}", f"it is {shown(before)} if left out")


def wrong(at: tuple[str, ...], problem: str, remedy: str) -> PydanticCustomError:
    """The error for one field."""
    return refuse_all([Finding(at, problem, remedy)])
