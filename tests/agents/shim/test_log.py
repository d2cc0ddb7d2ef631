"""The log: bounded, and an offset means the same byte for ever."""

import os

import pytest
from bostan_agent.shim import files
from bostan_agent.shim.log import LogSlice, LogWriter, log_end, read_log
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def opened(tmp_path):
    fd = files.open_folder(tmp_path)
    yield fd
    os.close(fd)


def read_all(folder, offset, limit=1000):
    """Every byte from `offset` on, with the offset that the first of them has."""
    first, data = None, b""
    while (piece := read_log(folder, offset, limit)).data:
        first = piece.offset if first is None else first
        data += piece.data
        offset = piece.offset + len(piece.data)
    return first, data


def test_a_reader_follows_from_offset_to_offset(tmp_path, opened):
    log = LogWriter(opened, bytes_max=100, files_max=4)
    log.write(b"one two ")
    assert read_log(tmp_path, 4, 100) == LogSlice(4, b"two ")
    log.write(b"three")
    assert read_log(tmp_path, 8, 3) == LogSlice(8, b"thr")
    assert read_log(tmp_path, 13, 100) == LogSlice(13, b"")


def test_old_bytes_go_and_the_rest_keep_their_offsets(tmp_path, opened):
    log = LogWriter(opened, bytes_max=40, files_max=4)
    text = bytes(range(200))
    log.write(text)
    first, data = read_all(tmp_path, 0)
    assert first > 0
    assert data == text[first:]
    assert read_log(tmp_path, 195, 10) == LogSlice(195, text[195:])


def test_no_log_reads_as_nothing(tmp_path):
    assert read_log(tmp_path, 7, 10) == LogSlice(7, b"")
    assert log_end(tmp_path) == 0


@settings(deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=70), max_size=20),
    files_max=st.integers(1, 5),
    file_bytes=st.integers(1, 30),
)
def test_the_bound_holds_and_what_is_kept_is_the_end(tmp_path_factory, pieces, files_max, file_bytes):
    folder = tmp_path_factory.mktemp("log")
    fd = files.open_folder(folder)
    log = LogWriter(fd, bytes_max=files_max * file_bytes, files_max=files_max)
    for piece in pieces:
        log.write(piece)
    os.close(fd)
    text = b"".join(pieces)
    kept = sum(path.stat().st_size for path in folder.iterdir())
    assert kept <= files_max * file_bytes
    assert log_end(folder) == log.offset == len(text)
    assert read_all(folder, 0, limit=7)[1] == text[len(text) - kept :]


def test_a_chatty_rank_cannot_fill_the_disk(bench):
    rank = bench.shell("seq 200000", log_bytes_max=20_000, log_files_max=4)
    ended = rank.ended()
    whole = "".join(f"{i}\n" for i in range(1, 200_001)).encode()
    assert ended.log_end_offset == len(whole)
    assert len(rank.log()) <= 20_000
    assert read_log(rank.folder, len(whole) - 7, 100).data == whole[-7:]


def test_a_full_disk_costs_the_log_and_not_the_rank(tmp_path, opened, monkeypatch):
    log = LogWriter(opened, bytes_max=100, files_max=1)
    log.write(b"kept")
    full = OSError(28, "No space left on device")
    monkeypatch.setattr("bostan_agent.shim.log.os.write", lambda *_: (_ for _ in ()).throw(full))
    log.write(b"lost!")
    assert (log.offset, log.lost_bytes) == (4, 5)
