"""What comes back each week, by the clocks of a place: from days and times of day to instants."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY: Final = 1_440
_DAY: Final = datetime.timedelta(days=1)


def occurrences(
    days: Collection[str], from_minute: int, until_minute: int, zone: ZoneInfo, span: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """The times `[from, until)` that touch the span, in UTC seconds as the span is, in order.

    Minutes count from midnight on the clocks of `zone`; a time that does not end after it begins ends on the next day.
    A time that the clocks leave out is taken as if they had not; one that they show twice belongs to it both times.
    """
    first = datetime.datetime.fromtimestamp(span[0], zone).date() - 2 * _DAY
    last = datetime.datetime.fromtimestamp(span[1], zone).date()
    until_minute += MINUTES_A_DAY if until_minute <= from_minute else 0
    for date in (first + number * _DAY for number in range((last - first).days + 1)):
        if DAYS[date.weekday()] in days:
            begin, _ = _instants(date, from_minute, zone)
            end = max(_instants(date, until_minute, zone))
            if span[0] < end and begin < span[1]:
                yield begin, end


def _instants(date: datetime.date, minute: int, zone: ZoneInfo) -> tuple[int, int]:
    """When the clocks show it: the same twice, but for the hour in which they are set."""
    days, minute = divmod(minute, MINUTES_A_DAY)
    shown = datetime.time(minute // 60, minute % 60)
    local = datetime.datetime.combine(date + days * _DAY, shown, zone)
    return int(local.timestamp()), int(local.replace(fold=1).timestamp())
