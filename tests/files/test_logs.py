"""Logs grow at an offset, keep their newest bytes, and wake whoever follows them."""

import asyncio
import time

import pytest
from bostan_scheduler.files.errors import BadName, LogGap
from bostan_scheduler.files.logs import LogRange

A, R = "j-1.1", 0


def test_a_log_is_read_by_offset(logs):
    assert logs.append(A, R, 0, b"hello ") == 6
    assert logs.append(A, R, 6, b"world") == 11
    assert logs.read(A, R, 0, 100) == LogRange(0, b"hello world", 11, complete=False)
    assert logs.read(A, R, 6, 3) == LogRange(6, b"wor", 9, complete=False)
    logs.end(A, R)
    assert logs.read(A, R, 6, 3).complete is False
    assert logs.read(A, R, 9, 100) == LogRange(9, b"ld", 11, complete=True)
    assert logs.read(A, R, 11, 100) == LogRange(11, b"", 11, complete=True)


def test_a_log_that_nobody_has_written_is_empty_and_not_complete(logs):
    assert logs.read(A, R, 0, 10) == LogRange(0, b"", 0, complete=False)
    assert logs.next_offset(A, R) == 0


def test_a_reader_beyond_the_end_is_told_where_the_end_is(logs):
    logs.append(A, R, 0, b"abc")
    assert logs.read(A, R, 99, 10) == LogRange(3, b"", 3, complete=False)


def test_what_is_kept_already_is_passed_over(logs):
    logs.append(A, R, 0, b"abcdef")
    assert logs.append(A, R, 0, b"abc") == 6
    assert logs.append(A, R, 4, b"efgh") == 8
    assert logs.read(A, R, 0, 100).data == b"abcdefgh"


def test_a_gap_is_refused_until_the_sender_says_that_the_bytes_are_gone(logs):
    logs.append(A, R, 0, b"abc")
    with pytest.raises(LogGap) as gap:
        logs.append(A, R, 10, b"xyz")
    assert gap.value.next_offset == 3
    assert logs.append(A, R, 10, b"xyz", skip_gap=True) == 13
    assert logs.read(A, R, 0, 100) == LogRange(0, b"abc", 3, complete=False)
    assert logs.read(A, R, 3, 100) == LogRange(10, b"xyz", 13, complete=False)
    assert logs.append(A, R, 13, b"!") == 14
    assert logs.read(A, R, 12, 100).data == b"z!"


def test_after_its_end_a_log_takes_nothing_more(logs, logs_again):
    logs.append(A, R, 0, b"abc")
    logs.end(A, R)
    logs.end(A, R)
    assert logs_again().append(A, R, 3, b"late") == 3
    assert logs.read(A, R, 0, 100) == LogRange(0, b"abc", 3, complete=True)


def test_of_a_long_log_the_newest_bytes_are_kept(logs):
    for number in range(20):
        logs.append(A, R, number * 5, b"%05d" % number)
    found = logs.read(A, R, 0, 1000)
    assert found.offset > 0
    assert found.next_offset == 100
    assert len(found.data) <= 40
    assert found.data.endswith(b"0001800019")
    assert logs.next_offset(A, R) == 100


def test_a_reading_goes_over_segments_up_to_its_limit(logs):
    logs.append(A, R, 0, b"0123456789")
    logs.append(A, R, 10, b"abcdefghij")
    assert logs.read(A, R, 5, 10).data == b"56789abcde"


def test_ranks_and_attempts_have_logs_of_their_own(logs):
    logs.append("j-1.1", 0, 0, b"a")
    logs.append("j-1.1", 1, 0, b"b")
    logs.append("j-1.2", 0, 0, b"c")
    assert [logs.read(*key, 0, 9).data for key in (("j-1.1", 0), ("j-1.1", 1), ("j-1.2", 0))] == [
        b"a",
        b"b",
        b"c",
    ]


@pytest.mark.parametrize(
    ("attempt", "rank"),
    [
        ("../x.1", 0),
        ("", 0),
        (".1", 0),
        ("j/1.1", 0),
        ("j-1", 0),
        ("j-1.1\0", 0),
        ("j.1.1/..", 0),
        (A, -1),
        (A, 10**6),
    ],
)
def test_what_is_no_rank_is_refused(logs, attempt, rank):
    with pytest.raises(BadName):
        logs.append(attempt, rank, 0, b"x")
    with pytest.raises(BadName):
        logs.read(attempt, rank, 0, 1)
    with pytest.raises(BadName):
        logs.end(attempt, rank)


async def test_a_follower_is_woken_at_once(logs):
    follower = asyncio.create_task(logs.wait_for_more(A, R, 0, 30))
    await asyncio.sleep(0)
    logs.append(A, R, 0, b"x")
    began = time.monotonic()
    assert await follower is True
    assert time.monotonic() - began < 5
    assert await logs.wait_for_more(A, R, 1, 0) is False
    logs.end(A, R)
    assert await logs.wait_for_more(A, R, 1, 30) is True


async def test_a_follower_sees_what_another_process_appends(logs, logs_again):
    follower = asyncio.create_task(logs.wait_for_more(A, R, 0, 30))
    await asyncio.sleep(0)
    logs_again().append(A, R, 0, b"x")
    assert await follower is True


async def test_a_follower_waits_no_longer_than_it_wants(logs):
    assert await logs.wait_for_more(A, R, 0, 0.02) is False


def test_old_logs_go_and_then_those_untouched_for_longest(logs):
    for number in range(1, 7):
        logs.append(f"j-{number}.1", 0, 0, b"x" * 30)
        time.sleep(0.002)
    assert logs.sweep(time.time()) == 3
    assert logs.next_offset("j-3.1", 0) == 0
    assert logs.next_offset("j-4.1", 0) == 30
    assert logs.sweep(time.time() + 31 * 86_400) == 3
    assert logs.sweep(time.time()) == 0
