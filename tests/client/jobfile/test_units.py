"""Durations and sizes: one reading each, and a remedy for every other spelling."""

import pytest
from bostan.jobfile import BadUnit, duration_seconds, duration_text, size_bytes, size_text
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1d12h", 129_600), ("30s", 30), ("1d1h1m1s", 90_061), ("0s", 0)],
)
def test_a_duration_is_read(text, seconds):
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("2 h", "write 2h"),
        ("2H", "write 2h"),
        ("2 hours", "write 2h"),
        ("90min", "write 1h30m"),
        ("1.5h", "write 1h30m"),
        ("۲h", "write 2h"),
        ("٢h", "write 2h"),
        (90, "write the unit: 90s, 90m or 90h"),
        ("12h1d", "write 2h, 90m or 1d12h"),
        ("", "write 2h, 90m or 1d12h"),
        ("-2h", "write 2h, 90m or 1d12h"),
        ("1w", "write 2h, 90m or 1d12h"),
        ("9999999999h", "write 2h, 90m or 1d12h"),
        (None, "write 2h, 90m or 1d12h"),
        (True, "write 2h, 90m or 1d12h"),
        (["2h"], "write 2h, 90m or 1d12h"),
    ],
)
def test_what_is_no_duration_is_told_what_to_write(text, remedy):
    with pytest.raises(BadUnit) as caught:
        duration_seconds(text)
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    ("text", "size"),
    [("40GiB", 40 * 2**30), ("512MiB", 2**29), ("1TiB", 2**40), ("4KiB", 4096), ("1GB", 10**9), ("7B", 7)],
)
def test_a_size_is_read(text, size):
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("40G", "write 40GiB"),
        ("40Gi", "write 40GiB"),
        ("40gb", "write 40GiB"),
        ("40 GiB", "write 40GiB"),
        ("۴۰GiB", "write 40GiB"),
        (40, "write the unit: 40MiB or 40GiB"),
        ("1.5GiB", "write it with its unit, as 40GiB or 512MiB"),
        ("-1GiB", "write it with its unit, as 40GiB or 512MiB"),
        ("", "write it with its unit, as 40GiB or 512MiB"),
        (None, "write it with its unit, as 40GiB or 512MiB"),
    ],
)
def test_what_is_no_size_is_told_what_to_write(text, remedy):
    with pytest.raises(BadUnit) as caught:
        size_bytes(text)
    assert caught.value.remedy == remedy


@example(0, 2**50 - 1)  # sixteen digits
@given(st.integers(0, 10**9), st.integers(0, 2**50))
def test_what_is_spelt_is_read_back(seconds, size):
    assert duration_seconds(duration_text(seconds)) == seconds
    assert size_bytes(size_text(size)) == size


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_one_clear_error(text):
    for read in (duration_seconds, size_bytes):
        try:
            quantity = read(text)
        except BadUnit:
            continue
        assert quantity >= 0
