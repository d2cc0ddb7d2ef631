"""Archives that strangers made: the good are unpacked, the bad are refused whole, and nothing lands outside."""

import gzip
import io
import os
import tarfile

import pytest
from bostan_agent.files.errors import BadArchive
from bostan_agent.files.unpack import Bounds, unpack

ROOMY = Bounds(bytes_max=1_000_000, files_max=100)


def member(name, kind=tarfile.REGTYPE, to="", content=b"", mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, to, len(content), mode
    return info, content


def folder(name, mode=0o755):
    return member(name, tarfile.DIRTYPE, mode=mode)


def link(name, to):
    return member(name, tarfile.SYMTYPE, to)


def archive(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def place(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    return inside


def unpacked(tmp_path, place, *members, bounds=ROOMY):
    unpack(archive(tmp_path / "a.tar.gz", *members), place, bounds)
    return place


def test_files_folders_and_links_arrive_with_their_content_and_modes(tmp_path, place):
    unpacked(
        tmp_path,
        place,
        folder("./"),
        folder("src"),
        member("./src/run.sh", content=b"echo", mode=0o755),
        member("deep/er/data", content=b"x"),
        link("latest", "src/run.sh"),
        link("src/up", "../deep/er/data"),
        member("same", tarfile.LNKTYPE, "deep/er/data"),
        link("not/yet", "../nowhere"),
    )
    assert (place / "latest").read_bytes() == b"echo"
    assert os.access(place / "src/run.sh", os.X_OK)
    assert (place / "src/up").read_bytes() == (place / "same").read_bytes() == b"x"


def test_a_folder_without_write_permission_does_not_stop_what_lies_in_it(tmp_path, place):
    unpacked(tmp_path, place, folder("locked", mode=0o500), member("locked/file", content=b"x"))
    assert (place / "locked/file").read_bytes() == b"x"


HOSTILE = {
    "absolute path": ([member("/etc/passwd")], "is an absolute path"),
    "parent path": ([member("../out")], "leads out"),
    "parent path further in": ([member("a/../../out")], "leads out"),
    "absolute link": ([link("a", "/etc")], "which is not a path inside"),
    "link out": ([link("a", "../..")], "leads out"),
    "link out through a link": ([folder("d/e"), link("d/e/x", "../.."), link("y", "d/e/x/..")], "leads out"),
    "link out through a later link": (
        [link("y", "d/e/x/.."), folder("d/e"), link("d/e/x", "../..")],
        "leads out",
    ),
    "link to itself": ([link("a", "a")], "or to itself"),
    "write through a link": ([link("a", "."), member("a/file")], "folder that is a link"),
    "overwrite through a link": ([link("a", "b"), member("a", content=b"x")], "cannot be unpacked"),
    "folder in a link's place": ([folder("d"), link("a", "d"), folder("a")], "something else already"),
    "hard link out": ([member("a", tarfile.LNKTYPE, "../x")], "leads out"),
    "hard link to a link": ([link("a", "b"), member("c", tarfile.LNKTYPE, "a")], "is no file before it"),
    "hard link to nothing": ([member("c", tarfile.LNKTYPE, "a")], "is no file before it"),
    "file twice": ([member("a"), member("a")], "cannot be unpacked"),
    "file as folder": ([member("a"), member("a/b")], "a link or a file"),
    "device": ([member("a", tarfile.CHRTYPE)], "is a device"),
    "block device": ([member("a", tarfile.BLKTYPE)], "is a device"),
    "pipe": ([member("a", tarfile.FIFOTYPE)], "is a device"),
    "set-uid": ([member("a", mode=0o4755)], "set-uid"),
    "set-gid folder": ([folder("a", mode=0o2755)], "set-uid or set-gid"),
    "endless name": ([member("a" * 2000)], "longer than"),
    "endless part": ([member("a" * 900)], "cannot be unpacked"),
    "no name": ([member(".", content=b"x")], "without a name"),
}


@pytest.mark.parametrize(("members", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_and_touches_nothing_outside(tmp_path, place, members, message):
    outside = {path.name for path in tmp_path.iterdir()} | {"a.tar.gz"}
    with pytest.raises(BadArchive, match=message):
        unpacked(tmp_path, place, *members)
    assert {path.name for path in tmp_path.iterdir()} == outside


def test_more_files_than_allowed_are_refused(tmp_path, place):
    with pytest.raises(BadArchive, match="more than 2 files"):
        unpacked(tmp_path, place, member("a"), member("b"), member("c"), bounds=Bounds(100, 2))


def test_more_bytes_than_allowed_are_refused_before_they_are_written(tmp_path, place):
    with pytest.raises(BadArchive, match="more than 1000 bytes"):
        unpacked(tmp_path, place, member("zeros", content=b"\0" * 1001), bounds=Bounds(1000, 9))
    assert list(place.iterdir()) == []


DAMAGED = {
    "no gzip": b"text",
    "empty": b"",
    "gzip of no tar": gzip.compress(b"x" * 2000),
    "cut": gzip.compress(os.urandom(5000))[:300],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_what_is_no_archive_is_refused(tmp_path, place, content):
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(BadArchive, match=r"a\.tar\.gz"):
        unpack(tmp_path / "a.tar.gz", place, ROOMY)


def test_an_archive_cut_in_the_middle_of_a_file_is_refused(tmp_path, place):
    whole = archive(tmp_path / "whole", member("noise", content=os.urandom(50_000))).read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(whole[:20_000])
    with pytest.raises(BadArchive):
        unpack(tmp_path / "a.tar.gz", place, ROOMY)
