"""Content is stored once, and only who has sent all of it may use it."""

import hashlib
from pathlib import Path

import pytest
from bostan_scheduler.core.job import Blob
from bostan_scheduler.files import Files
from bostan_scheduler.files.blobs import Absent, BlobStore, Complete, Partial
from bostan_scheduler.files.bringing import bring_owners
from bostan_scheduler.files.errors import BadName, HashDiffers, WrongOffset
from bostan_scheduler.files.owners import STAFF, park_owner
from stories import Story

DATA = bytes(range(200)) * 2
SIZE = len(DATA)
NAME = hashlib.sha256(DATA).hexdigest()
A, B = "acme", "zeta/lab"


def inodes(folder: Path) -> set[int]:
    return {path.stat().st_ino for path in folder.rglob(NAME + "*") if path.stat().st_size}


def test_what_one_firm_has_sent_is_not_there_for_another(blobs):
    assert blobs.append(NAME, 0, SIZE, DATA, A) == Complete(SIZE)
    assert blobs.state(NAME, A) == Complete(SIZE)
    assert (blobs.state(NAME, B), blobs.state(NAME, STAFF)) == (Absent(), Absent())
    assert blobs.state(NAME) == Complete(SIZE)


def test_uploads_under_way_of_two_firms_do_not_meet(blobs):
    blobs.append(NAME, 0, SIZE, DATA[:100], A)
    assert blobs.state(NAME, B) == Absent()
    with pytest.raises(WrongOffset) as wrong:
        blobs.append(NAME, 100, SIZE, DATA[100:], B)
    assert wrong.value.offset == 0
    with pytest.raises(HashDiffers):
        blobs.append(NAME, 0, 4, b"evil", B)
    assert blobs.append(NAME, 100, SIZE, DATA[100:], A) == Complete(SIZE)


def test_the_last_byte_alone_proves_nothing(blobs):
    blobs.append(NAME, 0, SIZE, DATA, A)
    with pytest.raises(WrongOffset):
        blobs.append(NAME, SIZE - 1, SIZE, DATA[-1:], B)
    with pytest.raises(WrongOffset):
        blobs.append(NAME, SIZE, SIZE, b"", B)
    with pytest.raises(HashDiffers):
        blobs.append(NAME, 0, 0, b"", B)
    assert blobs.state(NAME, B) == Absent()


def test_both_have_it_once_both_have_sent_it_and_it_is_stored_once(blobs, again, tmp_path):
    blobs.append(NAME, 0, SIZE, DATA, A)
    with blobs.open(NAME) as reading:
        assert blobs.append(NAME, 0, SIZE, DATA[:150], B) == Partial(150)
        assert again().append(NAME, 150, SIZE, DATA[150:], B) == Complete(SIZE)
        assert reading.read() == DATA
    assert (again().state(NAME, A), again().state(NAME, B)) == (Complete(SIZE), Complete(SIZE))
    assert len(inodes(tmp_path)) == 1


def test_power_that_fails_before_the_last_step_costs_no_byte(blobs, again, monkeypatch):
    """The mark may be there before the content has its name: all is done again, with nothing sent anew."""
    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="the power is gone"):
        blobs.append(NAME, 0, SIZE, DATA, A)
    monkeypatch.undo()
    assert again().state(NAME, A) == Partial(SIZE)
    assert again().append(NAME, SIZE, SIZE, b"", A) == Complete(SIZE)
    assert again().read(NAME, 0, SIZE) == DATA


def failing(*_: object) -> None:
    raise OSError("the power is gone")


@pytest.mark.parametrize(
    "owner", ["", "..", "../x", "A", "a.b", "a\0", "a" * 64, "--staff/../x.", "-park/", "-zeta", "-park/../x"]
)
def test_what_is_no_owner_is_refused(blobs, owner):
    with pytest.raises(BadName):
        blobs.append(NAME, 0, SIZE, DATA, owner)
    with pytest.raises(BadName):
        blobs.state(NAME, owner)


def test_a_park_with_the_longest_name_is_an_owner(blobs):
    assert blobs.append(NAME, 0, SIZE, DATA, park_owner("p" * 63)) == Complete(SIZE)
    assert blobs.state(NAME, park_owner("p" * 63)) == Complete(SIZE)
    assert blobs.state(NAME, "p" * 63) == Absent()


def test_archives_from_before_owners_belong_to_the_firms_that_have_used_them(tmp_path):
    story, files = Story(), Files.open(tmp_path)
    story.quota("acme", "zeta")
    files.blobs.append(NAME, 0, SIZE, DATA)
    story.submit("j1", "acme 1", work_dir=Blob(NAME, SIZE))
    story.submit("j2", "zeta 1", work_dir=Blob("b" * 64, SIZE))
    story.submit("j3", "zeta 1")
    assert bring_owners(files.blobs, story.store) == 1
    assert (files.blobs.state(NAME, "acme"), files.blobs.state(NAME, "zeta")) == (Complete(SIZE), Absent())


def test_owners_are_brought_once(tmp_path):
    story, files = Story(), Files.open(tmp_path)
    story.quota("acme")
    assert bring_owners(files.blobs, story.store) == 0
    files.blobs.append(NAME, 0, SIZE, DATA)
    story.submit("j1", "acme 1", work_dir=Blob(NAME, SIZE))
    assert bring_owners(Files.open(tmp_path).blobs, story.store) == 0
    assert BlobStore(tmp_path / "blobs", files.blobs.limits).state(NAME, "acme") == Absent()
