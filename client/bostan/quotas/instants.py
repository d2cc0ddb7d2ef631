"""Points in time as the quota files write them: ISO-8601 with an offset, or the first moment of a Jalali day."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

from bostan.quotas.jalali import YEAR_MAX, YEAR_MIN, gregorian, jalali_text
from bostan.strictmodel import refuse, shown, with_ascii_digits

_ISO: Final = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_JALALI: Final = "jalali:"
_ISO_YEARS: Final = range(2000, 2200)
_EXAMPLE: Final = '"2026-12-22T00:00:00+03:30" or "jalali:1405-10-01"'


def timezone(name: object) -> ZoneInfo:
    """The zone of this IANA name. Raises a field error."""
    try:
        return ZoneInfo(name if isinstance(name, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise refuse(f"{shown(name)} is not an IANA time zone", "write one, as Asia/Tehran") from exc


def unix_seconds(value: object, zone: ZoneInfo | None) -> int:
    """Seconds since 1970 in UTC of a written instant; a Jalali day begins at midnight in `zone`. Raises a field error."""
    text = value if isinstance(value, str) else ""
    if (spelt := with_ascii_digits(text)) != text:
        raise refuse(f"{shown(text)} is not written in ASCII digits", f'write "{spelt}"')
    if text.startswith(_JALALI):
        return _jalali_seconds(text, zone)
    if not (found := _ISO.fullmatch(text)):
        raise _unreadable(value, text)
    _check_year(text, int(found[1]))
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError as exc:
        raise refuse(f"{text} does not exist ({exc})", "correct it") from exc


def instant_text(seconds: int, zone: ZoneInfo) -> str:
    """Both calendars, for people: `2026-12-21T20:30:00Z (jalali:1405-10-01)`."""
    local = datetime.datetime.fromtimestamp(seconds, zone)
    return f"{utc_text(seconds)} (jalali:{jalali_text(local.date())})"


def utc_text(seconds: int) -> str:
    """`2026-12-21T20:30:00Z`; `unix_seconds` reads it back under any time zone."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _jalali_seconds(text: str, zone: ZoneInfo | None) -> int:
    found = _DATE.fullmatch(text.removeprefix(_JALALI))
    if found is None:
        raise refuse(f"{shown(text)} is not a Jalali date", 'write it as "jalali:1405-10-01"')
    year, month, day = map(int, found.groups())
    if year in _ISO_YEARS:
        raise refuse(f"year {year} looks Gregorian", f'write "{found[0]}T00:00:00+03:30"')
    try:
        date = gregorian(year, month, day)
    except ValueError as exc:
        raise refuse(str(exc), "correct it") from exc
    if zone is None:
        raise refuse("is a Jalali date, but no time zone is known", "give meta.timezone")
    return int(datetime.datetime.combine(date, datetime.time(), zone).timestamp())


def _unreadable(value: object, text: str) -> Exception:
    """The error for what is not an instant with an offset."""
    if found := _DATE.match(text):
        _check_year(text, int(found[1]))
        return refuse(f"{shown(text)} lacks a time or an offset", f'write "{found[0]}T00:00:00+03:30"')
    return refuse(f"{shown(value)} is not an instant", f"write {_EXAMPLE}")


def _check_year(text: str, year: int) -> None:
    if YEAR_MIN <= year <= YEAR_MAX:
        raise refuse(f"year {year} looks Jalali", f'write "{_JALALI}{text[:10]}"')
    if year not in _ISO_YEARS:
        raise refuse(f"year {year} is out of range", f"write a year from {_ISO_YEARS[0]} to {_ISO_YEARS[-1]}")


def _checked(value: Any, info: ValidationInfo) -> int:
    context = info.context if isinstance(info.context, Mapping) else {}
    return unix_seconds(value, context.get("zone"))


Instant = Annotated[
    int,
    BeforeValidator(_checked),
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(jalali:\d{4}-\d{2}-\d{2}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))$",
            "examples": ["jalali:1405-10-01", "2026-12-22T00:00:00+03:30"],
        }
    ),
]
