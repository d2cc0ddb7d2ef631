"""The unions inside a type, found from its hints: what a value says of itself by name when it is written down."""

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any


def unions_in(kind: Any) -> tuple[Any, ...]:
    """Every union of several classes that a value of this kind may hold, an inner one before those that hold it."""
    return tuple(dict.fromkeys(_unions(kind, set())))


def classes_in(kind: Any) -> tuple[type, ...]:
    """Every dataclass that a value of this kind may hold, itself included."""
    met: set[type] = set()
    for _ in _unions(kind, met):
        pass
    return tuple(sorted(met, key=lambda one: one.__qualname__))


def _unions(kind: Any, met: set[type]) -> Iterator[Any]:
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType and part is not ...]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind not in met:
        met.add(kind)
        parts = [typing.get_type_hints(kind)[field.name] for field in dataclasses.fields(kind)]
    for part in parts:
        yield from _unions(part, met)
    if isinstance(kind, types.UnionType) and len(parts) > 1:
        yield kind
