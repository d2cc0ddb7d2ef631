"""Values that flags put into a world, and the combinations of a sweep: `PATH=VALUE`, `PATH=A,B,C`, `PATH=1..5`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final

from bostan.errors import BostanError, InvalidFile
from bostan.yamlfile import parse_yaml

RUNS_MAX: Final = 1000
VALUES_MAX: Final = 1000
_RANGE: Final = re.compile(r"(-?\d{1,12})\.\.(-?\d{1,12})")
_POOL: Final = re.compile(r"(\d{1,6})x(\d{1,3})[ :]+([a-z0-9][a-z0-9-]*)(?:[ ]*@[ ]*([a-z0-9][a-z0-9-]*))?")


class BadFlag(BostanError):
    """A flag does not have the form that it must have."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that a sweep sets, and to what."""

    path: str
    values: tuple[object, ...]


def pair(flag: str, text: str) -> tuple[str, str]:
    """`KEY=VALUE` in two. Raises `BadFlag`."""
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise BadFlag(f"{flag} {text[:60]}: is not KEY=VALUE", f"write for example {flag} seed=2")
    return key, value


def put(value: Mapping[str, Any], path: str, new: object, flag: str = "") -> dict[str, Any]:
    """The value with one field set; mappings on the way are made. Raises `BadFlag` where something else stands in it."""
    changed = deepcopy(dict(value))
    *way, last = path.split(".")
    inner: Any = changed
    for step in way:
        inner = inner.setdefault(step, {})
        if not isinstance(inner, dict):
            raise BadFlag(f"{flag or path[:60]}: {step} is no mapping", "set it as a whole")
    inner[last] = new
    return changed


def scalar(text: str, flag: str) -> object:
    """A value as a world file would have it. Raises `BadFlag`, naming the flag."""
    try:
        return parse_yaml(text.encode(), flag).value
    except InvalidFile as error:
        raise BadFlag(f"{flag}: {error.problem}", error.remedy) from None


def pool_line(text: str) -> dict[str, Any]:
    """`NODESxGPUS CLASS[@PARK]`. Raises `BadFlag`."""
    found = _POOL.fullmatch(text.strip().lower())
    if found is None:
        raise BadFlag(
            f"--pool {text[:60]}: is no pool",
            'write NODESxGPUS CLASS, for example "8x8 a100" or "8x8 a100@north"',
        )
    nodes, gpus, gpu_class, park = found.groups()
    return {"nodes": int(nodes), "gpus": int(gpus), "gpu_class": gpu_class, "park": park or "park"}


def axis(text: str) -> Axis:
    """`PATH=A,B,C` or `PATH=1..5`. Raises `BadFlag`."""
    path, values = pair("--sweep", text)
    found = _RANGE.fullmatch(values)
    if found is None:
        return Axis(path, tuple(_value(text, one) for one in values.split(",")))
    first, last = map(int, found.groups())
    if not first <= last < first + VALUES_MAX:
        raise BadFlag(f"--sweep {text[:60]}: is no range of 1 to {VALUES_MAX} values", "write FIRST..LAST")
    return Axis(path, tuple(range(first, last + 1)))


def _value(text: str, one: str) -> object:
    if not one.strip():
        raise BadFlag(f"--sweep {text[:60]}: has an empty value", "write A,B,C, or null for none")
    return scalar(one, f"--sweep {text[:60]}")


def combinations(axes: Iterable[Axis]) -> Iterator[tuple[tuple[str, object], ...]]:
    """Every combination of the values, the last axis fastest. Raises `BadFlag` for too many."""
    axes = list(axes)
    runs = prod(len(one.values) for one in axes)
    if runs > RUNS_MAX:
        raise BadFlag(f"--sweep: these are {runs} runs", f"at most {RUNS_MAX}")
    for values in product(*(one.values for one in axes)):
        yield tuple((one.path, value) for one, value in zip(axes, values, strict=True))
