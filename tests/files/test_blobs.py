"""Archives arrive in parts, are checked when whole, and nothing that was sent can lead out of their folder."""

import threading
import time
from pathlib import Path

import pytest
from bostan_scheduler.files import Files
from bostan_scheduler.files.blobs import Absent, BlobStore, Complete, Partial
from bostan_scheduler.files.errors import BadName, BlobUnknown, DiskFull, HashDiffers, TooLarge, WrongOffset
from bostan_scheduler.files.settings import BlobLimits

DATA = bytes(range(256)) * 3


def test_an_archive_is_complete_with_its_last_part(blobs, sha256):
    name = sha256(DATA)
    assert blobs.state(name) == Absent()
    assert blobs.append(name, 0, len(DATA), DATA[:300]) == Partial(300)
    assert blobs.state(name) == Partial(300)
    assert blobs.append(name, 300, len(DATA), DATA[300:]) == Complete(len(DATA))
    assert blobs.state(name) == Complete(len(DATA))
    assert blobs.read(name, 10, 5) == DATA[10:15]
    assert blobs.path(name).read_bytes() == DATA


async def test_taking_a_part_does_not_block_the_loop(blobs, sha256):
    assert await blobs.take(sha256(b"x"), 0, 1, b"x") == Complete(1)


def test_an_empty_archive_is_one(blobs, sha256):
    assert blobs.append(sha256(b""), 0, 0, b"") == Complete(0)


def test_another_process_goes_on_where_the_first_one_died(blobs, again, sha256):
    name = sha256(DATA)
    blobs.append(name, 0, len(DATA), DATA[:100])
    assert again().append(name, 100, len(DATA), DATA[100:200]) == Partial(200)
    assert blobs.append(name, 200, len(DATA), DATA[200:400]) == Partial(400)
    assert blobs.append(name, 400, len(DATA), DATA[400:]) == Complete(len(DATA))


def test_more_uploads_at_once_than_hashes_are_carried_on(blobs, sha256):
    archives = [b"a" * 40, b"b" * 40, b"c" * 40]
    for data in archives:
        blobs.append(sha256(data), 0, 40, data[:20])
    for data in archives:
        assert blobs.append(sha256(data), 20, 40, data[20:]) == Complete(40)


def test_a_part_at_a_wrong_offset_is_told_the_right_one(blobs, sha256):
    name = sha256(DATA)
    with pytest.raises(WrongOffset) as first:
        blobs.append(name, 5, len(DATA), DATA[5:10])
    assert (first.value.offset, blobs.state(name)) == (0, Absent())
    blobs.append(name, 0, len(DATA), DATA[:100])
    with pytest.raises(WrongOffset) as second:
        blobs.append(name, 50, len(DATA), DATA[50:100])
    assert second.value.offset == 100


def test_bytes_of_another_hash_are_dropped_and_can_be_sent_anew(blobs, sha256):
    name = sha256(DATA)
    with pytest.raises(HashDiffers):
        blobs.append(name, 0, 3, b"bad")
    assert blobs.state(name) == Absent()
    blobs.append(name, 0, len(DATA), DATA[:500])
    assert blobs.append(name, 500, len(DATA), DATA[500:]) == Complete(len(DATA))


def test_what_is_complete_stays_as_it_is(blobs, sha256):
    name = sha256(b"whole")
    blobs.append(name, 0, 5, b"whole")
    assert blobs.append(name, 0, 4, b"evil") == Complete(5)
    assert blobs.read(name, 0, 10) == b"whole"


def test_two_senders_of_one_archive_give_one_archive(blobs, sha256):
    data = b"z" * 900
    name, done = sha256(data), []

    def send() -> None:
        at = 0
        while at < len(data):
            try:
                state = blobs.append(name, at, len(data), data[at : at + 90])
            except WrongOffset as wrong:
                at = wrong.offset
            else:
                at = state.stored_bytes if isinstance(state, Partial) else len(data)
        done.append(blobs.state(name))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [Complete(900)] * 4


def test_limits_of_size_and_number(blobs, sha256):
    with pytest.raises(TooLarge, match="an archive may have 1000"):
        blobs.append(sha256(b"a"), 0, 1001, b"a")
    with pytest.raises(TooLarge, match="a part may have 500"):
        blobs.append(sha256(b"a"), 0, 1000, b"a" * 501)
    with pytest.raises(TooLarge, match="the part ends at byte 3"):
        blobs.append(sha256(b"a"), 0, 2, b"aaa")
    with pytest.raises(TooLarge):
        blobs.append(sha256(b"a"), -1, 2, b"a")
    for data in (b"one", b"two", b"six"):
        blobs.append(sha256(data), 0, 3, data[:1])
    with pytest.raises(TooLarge, match="3 uploads are under way"):
        blobs.append(sha256(b"four"), 0, 4, b"f")
    assert blobs.append(sha256(b"one"), 1, 3, b"ne") == Complete(3)


def test_a_disk_without_room_to_spare_takes_nothing(tmp_path: Path, sha256):
    blobs = BlobStore(tmp_path, BlobLimits(free_bytes_min=2**62))
    with pytest.raises(DiskFull):
        blobs.append(sha256(b"a"), 0, 1, b"a")
    assert blobs.state(sha256(b"a")) == Absent()
    assert list((tmp_path / "unfinished").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../../etc/passwd",
        "A" * 64,
        "a" * 63,
        "a" * 65,
        "a" * 63 + "/",
        "a" * 63 + "\0",
        "a" * 64 + "\n",
    ],
)
def test_what_is_no_hash_is_refused(blobs, name):
    with pytest.raises(BadName):
        blobs.state(name)
    with pytest.raises(BadName):
        blobs.append(name, 0, 1, b"a")
    with pytest.raises(BadName):
        blobs.path(name)


def test_an_unfinished_archive_is_not_given_out(blobs, sha256):
    blobs.append(sha256(DATA), 0, len(DATA), DATA[:10])
    with pytest.raises(BlobUnknown):
        blobs.path(sha256(DATA))


def test_uploads_that_were_given_up_are_removed(tmp_path: Path, sha256):
    files = Files.open(tmp_path)
    files.blobs.append(sha256(DATA), 0, len(DATA), DATA[:10])
    files.blobs.append(sha256(b"x"), 0, 1, b"x")
    files.tidy(time.time() + 86_000, frozenset)
    assert files.blobs.state(sha256(DATA)) == Partial(10)
    files.tidy(time.time() + 87_000, frozenset)
    assert files.blobs.state(sha256(DATA)) == Absent()
    assert files.blobs.state(sha256(b"x")) == Complete(1)


def test_nobody_else_may_look(blobs, sha256):
    blobs.append(sha256(b"x"), 0, 1, b"x")
    path = blobs.path(sha256(b"x"))
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
