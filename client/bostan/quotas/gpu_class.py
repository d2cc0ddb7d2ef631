"""Which class a GPU belongs to, from what NVML says of it and a table."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

from bostan.quotas.model import GpuClass
from bostan.strictmodel import validated
from bostan.yamlfile import parse_yaml

# NVML reports less than the nominal memory (error correction, firmware) and now and then a trace more.
_MEMORY_SHARE_MIN: Final = 0.90
_MEMORY_SHARE_MAX: Final = 1.05
_GIB: Final = 2**30
_NO_CLASSES: Final[Mapping[str, GpuClass]] = {}


@functools.cache
def default_classes() -> Mapping[str, GpuClass]:
    """The well-known GPUs, by class name."""
    resource = files("bostan.quotas").joinpath("gpu_classes.yaml")
    table = parse_yaml(resource.read_bytes(), resource.name)
    assert isinstance(table.value, dict), "the table is a mapping"
    return {name: validated(GpuClass, table, row) for name, row in table.value.items()}


def known_classes(own: Mapping[str, GpuClass] = _NO_CLASSES) -> dict[str, GpuClass]:
    """The classes of the quota files before the well-known ones; a well-known class may be listed without its devices."""
    defaults = default_classes()
    listed = {name: row if row.devices else defaults.get(name, row) for name, row in own.items()}
    return listed | {name: row for name, row in defaults.items() if name not in own}


def class_of(
    name: str, memory_bytes: int, compute_capability: str, own: Mapping[str, GpuClass] = _NO_CLASSES
) -> str | None:
    """The class of the GPU that NVML calls `name`, or None when no class lists it.

    `compute_capability` is written as "9.0". `own` are the classes of the quota files: they go before the table.
    """
    return next(_matching(name, memory_bytes, compute_capability, known_classes(own)), None)


def _matching(
    name: str, memory_bytes: int, compute_capability: str, classes: Mapping[str, GpuClass]
) -> Iterator[str]:
    for class_name, row in classes.items():
        share = memory_bytes / (row.memory_gib * _GIB)
        if (
            _MEMORY_SHARE_MIN <= share <= _MEMORY_SHARE_MAX
            and row.compute_capability in (None, compute_capability)
            and any(_is_called(name, pattern) for pattern in row.devices)
        ):
            yield class_name


def _is_called(name: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(_bare(pattern)).replace(r"\*", ".*"), _bare(name)) is not None


def _bare(name: str) -> str:
    return name.strip().removeprefix("NVIDIA ")
