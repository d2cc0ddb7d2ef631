"""Numbers and instants as people read them."""

from __future__ import annotations

import datetime
from typing import Final

_UNITS: Final = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def local_time(milliseconds: int | None) -> str | None:
    """An instant on this machine's clock, to the minute."""
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def local_time_exact(milliseconds: int | None) -> str | None:
    """An instant on this machine's clock, to the second and with its zone."""
    if milliseconds is None:
        return None
    instant = datetime.datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return instant.strftime("%Y-%m-%d %H:%M:%S %Z")


def size(size_bytes: int) -> str:
    """A size in the largest binary unit that leaves at least one."""
    for unit, name in _UNITS:
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} B"


def gpu_hours(milliseconds: int) -> str:
    """GPU time in hours."""
    return f"{milliseconds / 3_600_000:,.2f}"


def counted(number: int, thing: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
