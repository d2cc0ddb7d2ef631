"""Instants in both calendars."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from bostan.quotas.instants import instant_text, unix_seconds, utc_text
from bostan.quotas.jalali import gregorian, jalali_text
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

TEHRAN = ZoneInfo("Asia/Tehran")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("jalali:1405-01-01", "2026-03-20T20:30:00Z"),
        ("jalali:1400-05-01", "2021-07-22T19:30:00Z"),
        ("2026-12-22T00:00:00+03:30", "2026-12-21T20:30:00Z"),
        ("2026-12-22T00:00+03:30", "2026-12-21T20:30:00Z"),
        ("2026-12-22T00:00:00Z", "2026-12-22T00:00:00Z"),
    ],
)
def test_an_instant_is_the_same_moment_however_it_is_written(written, utc):
    seconds = unix_seconds(written, TEHRAN)
    assert utc_text(seconds) == utc
    assert unix_seconds(utc, None) == seconds


def test_people_are_shown_both_calendars():
    seconds = unix_seconds("jalali:1405-10-01", TEHRAN)
    assert instant_text(seconds, TEHRAN) == "2026-12-21T20:30:00Z (jalali:1405-10-01)"


def test_a_jalali_day_needs_a_time_zone():
    with pytest.raises(PydanticCustomError, match="no time zone is known"):
        unix_seconds("jalali:1405-01-01", None)


@pytest.mark.parametrize(
    ("year", "leap"), [(1399, True), (1403, True), (1404, False), (1405, False), (1408, True), (1412, True)]
)
def test_leap_years_have_a_thirtieth_of_esfand(year, leap):
    if leap:
        assert jalali_text(gregorian(year, 12, 30)) == f"{year}-12-30"
        return
    with pytest.raises(ValueError, match=f"{year}-12-30 is not a day"):
        gregorian(year, 12, 30)


@given(st.dates(gregorian(1300, 1, 1), gregorian(1499, 12, 29)))
def test_every_day_goes_to_the_other_calendar_and_back(day):
    year, month, number = map(int, jalali_text(day).split("-"))
    assert gregorian(year, month, number) == day
    seconds = unix_seconds(f"jalali:{jalali_text(day)}", ZoneInfo("UTC"))
    assert datetime.datetime.fromtimestamp(seconds, datetime.UTC).date() == day
