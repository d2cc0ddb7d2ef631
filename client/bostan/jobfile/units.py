"""Durations and sizes as people write them: `2h30m`, `40GiB`. Only ASCII digits, only one reading."""

from __future__ import annotations

import re
from typing import Final

from bostan.strictmodel import shown, with_ascii_digits

SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
BYTES: Final = {
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_DURATION: Final = re.compile(
    r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?", re.ASCII
)
_SIZE: Final = re.compile(rf"([0-9]{{1,16}})({'|'.join(BYTES)})", re.ASCII)
_LOOSE_DURATION: Final = re.compile(
    r"([0-9]{1,9})(?:\.([0-9]))? *(days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|[dhms])", re.IGNORECASE
)
_LOOSE_SIZE: Final = re.compile(r"([0-9]{1,15}) *([KMGT])(?:i?B?)", re.IGNORECASE)


class BadUnit(ValueError):
    """A duration or a size that cannot be read; it knows what to write instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


def duration_seconds(text: object) -> int:
    """The seconds in `2h`, `90m`, `1d12h`. Raises BadUnit."""
    if isinstance(text, str) and text and (found := _DURATION.fullmatch(text)):
        numbers = [int(number or 0) for number in found.groups()]
        return sum(number * unit for number, unit in zip(numbers, SECONDS.values(), strict=True))
    raise BadUnit(f"{shown(text)} is not a duration", f"write {_duration_hint(text)}")


def size_bytes(text: object) -> int:
    """The bytes in `40GiB`, `512MiB`, `1TB`. Raises BadUnit."""
    if isinstance(text, str) and (found := _SIZE.fullmatch(text)):
        return int(found[1]) * BYTES[found[2]]
    raise BadUnit(f"{shown(text)} is not a size", f"write {_size_hint(text)}")


def duration_text(seconds: int) -> str:
    """The shortest spelling of a duration; `duration_seconds` reads it back."""
    spelt = ""
    for letter, unit in SECONDS.items():
        number, seconds = divmod(seconds, unit)
        spelt += f"{number}{letter}" if number else ""
    return spelt or "0s"


def size_text(size: int) -> str:
    """The size in the largest binary unit that divides it; `size_bytes` reads it back."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % BYTES[unit] == 0:
            return f"{size // BYTES[unit]}{unit}"
    return f"{size}B"


def _duration_hint(text: object) -> str:
    """What this duration was probably meant to be."""
    if isinstance(text, int) and not isinstance(text, bool) and text > 0:
        return f"the unit: {text}s, {text}m or {text}h"
    spelt = with_ascii_digits(text).strip() if isinstance(text, str) else ""
    if spelt and spelt != text and _DURATION.fullmatch(spelt):
        return spelt
    if found := _LOOSE_DURATION.fullmatch(spelt):
        seconds = int(f"{found[1]}{found[2] or 0}") * SECONDS[found[3][0].lower()] // 10
        return duration_text(seconds)
    return "2h, 90m or 1d12h"


def _size_hint(text: object) -> str:
    """What this size was probably meant to be."""
    if isinstance(text, int) and not isinstance(text, bool) and text > 0:
        return f"the unit: {text}MiB or {text}GiB"
    spelt = with_ascii_digits(text).strip() if isinstance(text, str) else ""
    if spelt != text and _SIZE.fullmatch(spelt):
        return spelt
    if found := _LOOSE_SIZE.fullmatch(spelt):
        return f"{found[1]}{found[2].upper()}iB"
    return "it with its unit, as 40GiB or 512MiB"
