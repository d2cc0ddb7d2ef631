"""The Jalali calendar, behind the one wrapper that all of Bostan uses.

Only the years in which all known algorithms agree are accepted.
"""

from __future__ import annotations

import datetime
from typing import Final

from persiantools.jdatetime import JalaliDate

YEAR_MIN: Final = 1300
YEAR_MAX: Final = 1499


def gregorian(year: int, month: int, day: int) -> datetime.date:
    """The Gregorian date of a Jalali one. Raises ValueError for a date that does not exist."""
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise ValueError(f"year {year} is not between {YEAR_MIN} and {YEAR_MAX}")
    try:
        return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
    except ValueError as exc:
        raise ValueError(f"{year:04}-{month:02}-{day:02} is not a day of the Jalali calendar") from exc


def jalali_text(date: datetime.date) -> str:
    """`1405-01-01` for the Jalali day that this Gregorian date is."""
    day = JalaliDate.to_jalali(date)  # type: ignore[no-untyped-call]
    return f"{day.year:04}-{day.month:02}-{day.day:02}"
