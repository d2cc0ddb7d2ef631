"""What comes back each week keeps to the clocks of its place, also when they are set."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from bostan.weekly import DAYS, occurrences
from hypothesis import given
from hypothesis import strategies as st

TEHRAN, BERLIN = ZoneInfo("Asia/Tehran"), ZoneInfo("Europe/Berlin")
HOUR, DAY = 3600, 86_400


def at(text, zone):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def told(days, begin, end, zone, first, last):
    """Each time as `ddd HH:MM-HH:MM hours`, by the clocks of the zone."""
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)]
    return [
        f"{shown(start, zone)}-{shown(until, zone)[4:]} {(until - start) / HOUR:g}"
        for start, until in occurrences(days, *minutes, zone, (at(first, zone), at(last, zone)))
    ]


def shown(seconds, zone):
    return f"{datetime.datetime.fromtimestamp(seconds, zone):%a %H:%M}"


def test_a_working_week_of_an_incubator():
    week = told(["sat", "sun", "wed"], "07:30", "14:00", TEHRAN, "2026-11-26T00:00", "2026-12-03T00:00")
    assert week == ["Sat 07:30-14:00 6.5", "Sun 07:30-14:00 6.5", "Wed 07:30-14:00 6.5"]


def test_what_does_not_end_after_it_begins_ends_on_the_next_day():
    assert told(["fri"], "22:00", "06:00", TEHRAN, "2026-11-26T00:00", "2026-12-03T00:00") == [
        "Fri 22:00-06:00 8"
    ]


def test_a_time_that_has_begun_is_told_until_it_is_over():
    assert told(["fri"], "22:00", "06:00", TEHRAN, "2026-11-28T05:59", "2026-11-28T07:00")
    assert not told(["fri"], "22:00", "06:00", TEHRAN, "2026-11-28T06:00", "2026-11-28T07:00")


def test_a_whole_day_has_23_or_25_hours_when_the_clocks_are_set():
    assert told(["sun"], "00:00", "24:00", BERLIN, "2026-03-23T00:00", "2026-04-06T00:00") == [
        "Sun 00:00-00:00 23",
        "Sun 00:00-00:00 24",
    ]
    assert told(["sun"], "00:00", "24:00", BERLIN, "2026-10-20T00:00", "2026-10-27T00:00") == [
        "Sun 00:00-00:00 25"
    ]


def test_office_hours_begin_by_the_clock_before_and_after_it_is_set():
    times = list(
        occurrences(
            ["fri", "mon"],
            450,
            840,
            BERLIN,
            (at("2026-03-27T00:00", BERLIN), at("2026-03-31T00:00", BERLIN)),
        )
    )
    assert [begin % DAY / HOUR for begin, _ in times] == [6.5, 5.5]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("01:00", "02:30", "Sun 01:00-03:30 1.5"),  # 02:30 is left out: as long as it would have been
        ("02:15", "02:45", "Sun 03:15-03:45 0.5"),
        ("02:30", "04:00", "Sun 03:30-04:00 0.5"),
    ],
)
def test_a_time_that_the_clocks_leave_out_is_taken_as_if_they_had_not(begin, end, expected):
    assert told(["sun"], begin, end, BERLIN, "2026-03-29T00:00", "2026-03-30T00:00") == [expected]


def test_a_time_that_the_clocks_show_twice_belongs_to_it_both_times():
    assert told(["sun"], "02:15", "02:45", BERLIN, "2026-10-25T00:00", "2026-10-26T00:00") == [
        "Sun 02:15-02:45 1.5"
    ]


@given(
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.sampled_from([TEHRAN, BERLIN, ZoneInfo("America/Santiago"), ZoneInfo("UTC")]),
    st.integers(0, 4_000_000_000),
    st.integers(1, 40 * DAY),
)
def test_times_are_in_order_never_empty_and_touch_the_span(days, begin, end, zone, first, length):
    times = list(occurrences(days, begin, end, zone, (first, first + length)))
    assert times == sorted(times)
    assert all(start < until and until - start <= 25 * HOUR for start, until in times)
    assert all(start < first + length and first < until for start, until in times)
    if length >= 9 * DAY:
        assert times
