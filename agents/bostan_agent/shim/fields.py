"""Reading typed fields out of JSON objects, with one clear error that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bostan_agent.shim.errors import SpecError

T = TypeVar("T")
_MISSING = object()


def required(record: Mapping[str, object], name: str, kind: type[T]) -> T:
    """The field `name`, which must be there and of `kind` (an int is also taken for a float)."""
    value = record.get(name, _MISSING)
    if value is _MISSING:
        raise SpecError(f"field {name!r} is missing")
    return _checked(value, name, kind)


def optional(record: Mapping[str, object], name: str, kind: type[T]) -> T | None:
    """The field `name` of `kind`, or None where it is absent or null."""
    value = record.get(name)
    return None if value is None else _checked(value, name, kind)


def strings(record: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The field `name` as a tuple of strings."""
    return tuple(_checked(item, name, str) for item in required(record, name, list))


def string_map(record: Mapping[str, object], name: str) -> dict[str, str]:
    """The field `name` as a map from strings to strings."""
    return {key: _checked(value, f"{name}.{key}", str) for key, value in required(record, name, dict).items()}


def _checked(value: object, name: str, kind: type[T]) -> T:
    if kind is float and type(value) is int:
        value = float(value)
    # bool is an int to Python; a flag where a number belongs is still a mistake.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SpecError(f"field {name!r} must be {kind.__name__}, not {type(value).__name__}")
    return value
