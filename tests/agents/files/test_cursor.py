"""The way of one log: what is sent next, whatever the centre answers."""

import pytest
from bostan_agent.files.cursor import GAPS_REFUSED_MAX, Cursor
from bostan_protos.v1.rank_pb2 import RankId


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "log.00000000000000000000").write_bytes(b"0123456789")
    return tmp_path


def cursor(folder, *, known=True):
    return Cursor(RankId(attempt_id="a1"), folder, known)


def sent(cursor, bytes_max=4):
    """(offset, data, end) of all that may be sent without an answer."""
    chunks = []
    while (chunk := cursor.next_chunk(bytes_max)) is not None:
        chunks.append((chunk.offset, chunk.data, chunk.end))
    return chunks


def test_bytes_go_in_order_and_the_last_of_a_finished_log_says_so(folder):
    log = cursor(folder)
    log.end = 10
    assert sent(log) == [(0, b"0123", False), (4, b"4567", False), (8, b"89", True)]
    for offset in (4, 8):
        log.answered(offset)
        assert not log.arrived
    log.answered(10)
    assert log.arrived


def test_an_end_that_comes_after_the_data_waits_until_all_data_has_arrived(folder):
    log = cursor(folder)
    assert sent(log, 100) == [(0, b"0123456789", False)]
    log.end = 10
    assert sent(log) == []
    log.answered(10)
    assert not log.arrived
    assert sent(log) == [(10, b"", True)]
    log.answered(10)
    assert log.arrived


def test_an_empty_log_ends_too(tmp_path):
    log = cursor(tmp_path)
    log.end = 0
    assert sent(log) == [(0, b"", True)]
    log.answered(0)
    assert log.arrived


def test_of_a_log_that_earlier_agents_sent_the_centre_is_asked_first(folder):
    log = cursor(folder, known=False)
    assert sent(log) == [(0, b"", False)]
    log.answered(7)
    assert sent(log) == [(7, b"789", False)]


def test_a_new_stream_goes_on_after_what_is_kept(folder):
    log = cursor(folder)
    sent(log)
    log.answered(4)
    log.restart()
    assert sent(log, 100) == [(4, b"456789", False)]


def test_a_centre_that_lost_bytes_gets_them_again(folder):
    log = cursor(folder)
    sent(log)
    log.answered(10)
    log.restart()
    (folder / "log.00000000000000000000").write_bytes(b"0123456789ab")
    assert sent(log) == [(10, b"ab", False)]
    log.answered(2)
    assert sent(log, 100) == [(2, b"23456789ab", False)]


def test_bytes_that_were_dropped_here_are_passed_over(tmp_path):
    (tmp_path / "log.00000000000000000100").write_bytes(b"late")
    log = cursor(tmp_path)
    assert sent(log) == [(100, b"late", False)]
    log.answered(0)
    assert sent(log) == [(100, b"late", False)]
    log.answered(104)
    assert sent(log) == []


def test_a_centre_that_never_passes_over_a_gap_is_given_up(tmp_path):
    (tmp_path / "log.00000000000000000100").write_bytes(b"late")
    log = cursor(tmp_path)
    log.end = 104
    for _ in range(GAPS_REFUSED_MAX + 1):
        assert sent(log) == [(100, b"late", True)]
        log.answered(0)
    assert sent(log) == []
    assert log.arrived


def test_a_log_whose_last_bytes_are_gone_ends_all_the_same(folder):
    log = cursor(folder)
    log.end = 12
    assert sent(log, 100) == [(0, b"0123456789", False)]
    log.answered(10)
    assert sent(log) == [(12, b"", True)]
    log.answered(12)
    assert log.arrived


def test_answers_to_what_was_sent_before_we_went_back_say_nothing(tmp_path):
    (tmp_path / "log.00000000000000000100").write_bytes(b"0123456789")
    log = cursor(tmp_path)
    assert len(sent(log)) == 3
    log.answered(0)
    assert sent(log) == [(100, b"0123", False), (104, b"4567", False), (108, b"89", False)]
    for _ in range(2):
        log.answered(0)
    assert sent(log) == []
    assert log.gaps_refused == 1
    log.answered(104)
    assert (log.kept, log.gaps_refused) == (104, 0)
