"""Instants: CLOCK_BOOTTIME for durations and deadlines, wall time only to place them on the calendar."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bostan_agent.shim import files
from bostan_agent.shim.fields import required

NS = 1_000_000_000


def boottime_ns() -> int:
    """Now on CLOCK_BOOTTIME, in nanoseconds since this boot; it counts suspended time too."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@functools.cache
def boot_id() -> str:
    """The name the kernel gave to this boot; stamps of another boot mean nothing here."""
    known = files.slurp("/proc/sys/kernel/random/boot_id")
    assert known is not None, "the kernel has a boot id"
    return known.decode().strip()


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant on both clocks: boottime in nanoseconds, wall time in seconds since 1970."""

    boottime_ns: int
    wall_seconds: float

    @classmethod
    def now(cls) -> Stamp:
        """This instant."""
        return cls(boottime_ns(), time.time())

    def to_record(self) -> dict[str, object]:
        """The stamp as a JSON object."""
        return {"boottime_ns": self.boottime_ns, "wall_seconds": self.wall_seconds}

    @classmethod
    def of(cls, record: Mapping[str, object]) -> Stamp:
        """The stamp that a JSON object holds."""
        return cls(required(record, "boottime_ns", int), required(record, "wall_seconds", float))


def stamp_of(value: object) -> Stamp | None:
    """The stamp in an optional JSON field."""
    return Stamp.of(value) if isinstance(value, dict) else None
