"""Archives from elsewhere: the honest ones come out whole, the hostile ones leave nothing behind."""

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from bostan.archive import UnpackLimits, unpack
from bostan.errors import InvalidFile
from bostan.workdir import pack


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def archive_of(path: Path, *entries: tarfile.TarInfo, content: bytes = b"data") -> Path:
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for info in entries:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    return entry(name, tarfile.SYMTYPE, target)


def folder(name: str) -> tarfile.TarInfo:
    return entry(name, tarfile.DIRTYPE)


def test_what_was_packed_comes_out_the_same(tmp_path):
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / "sub/script.sh").write_text("echo")
    (work / "sub/script.sh").chmod(0o755)
    (work / "نام").write_text("data")
    (work / "sub/link").symlink_to("../نام")
    packed = pack(work, tmp_path / "a.tar.gz")
    assert unpack(packed.path, tmp_path / "new" / "out") == 4
    out = tmp_path / "new" / "out"
    assert os.access(out / "sub/script.sh", os.X_OK)
    assert (out / "sub/link").read_text() == "data"
    assert not os.access(out / "نام", os.X_OK)


HOSTILE = [
    pytest.param([entry("/etc/cron.d/x")], "leads out", id="absolute"),
    pytest.param([entry("../x")], "leads out", id="parent"),
    pytest.param([entry("a/../../x")], "leads out", id="parent in the middle"),
    pytest.param([link("x", "/etc/passwd")], "links to", id="absolute link"),
    pytest.param([link("x", "..")], "links to", id="link to the parent"),
    pytest.param([link("a/x", "../../y")], "links to", id="link climbs too far"),
    pytest.param([link("x", "a/../../y")], "links to", id="link climbs after a folder"),
    pytest.param(
        [folder("a/b/c"), link("a/b/c/top", "../../.."), link("y", "a/b/c/top/../z")],
        "links to",
        id="link climbs behind a link",
    ),
    pytest.param([link("d", "a"), entry("d/x")], "goes through", id="file through a link"),
    pytest.param([link("d", "."), folder("d/sub")], "goes through", id="folder through a link"),
    pytest.param([link("d", "a"), link("d", "b")], "goes through", id="a link over a link"),
    pytest.param([link("d", "a"), entry("d")], "goes through", id="a file over a link"),
    pytest.param([entry("f"), entry("f/x")], "goes through", id="file through a file"),
    pytest.param([entry("f"), entry("f")], "twice", id="the same file twice"),
    pytest.param([entry("f"), entry("g", tarfile.LNKTYPE, "f")], "neither", id="hard link"),
    pytest.param([entry("n", tarfile.CHRTYPE)], "neither", id="character device"),
    pytest.param([entry("n", tarfile.BLKTYPE)], "neither", id="block device"),
    pytest.param([entry("n", tarfile.FIFOTYPE)], "neither", id="pipe"),
    pytest.param([entry("x" * 5000)], "name that no file", id="a name too long"),
]


@pytest.mark.parametrize(("entries", "problem"), HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path, entries, problem):
    archive = archive_of(tmp_path / "a.tar.gz", entry("good"), *entries)
    with pytest.raises(InvalidFile) as refused:
        unpack(archive, tmp_path / "out")
    assert problem in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz"]


def test_special_mode_bits_are_dropped(tmp_path):
    archive = archive_of(tmp_path / "a.tar.gz", entry("run", mode=0o6777), folder("d"))
    unpack(archive, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out/run").stat().st_mode) & 0o7022 == 0


def cut_short(content: bytes) -> bytes:
    return content[:-40]


def spoilt(content: bytes) -> bytes:
    return content[:60] + bytes(byte ^ 0xFF for byte in content[60:80]) + content[80:]


def no_archive(_content: bytes) -> bytes:
    return b"<html>not found</html>"


def not_a_tar(_content: bytes) -> bytes:
    return gzip.compress(b"hello " * 1000)


@pytest.mark.parametrize("damage", [cut_short, spoilt, no_archive, not_a_tar])
def test_a_broken_archive_is_refused_and_leaves_nothing(tmp_path, damage: Callable[[bytes], bytes]):
    archive = archive_of(tmp_path / "a.tar.gz", entry("good"), content=os.urandom(5000))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(InvalidFile, match=r"is not a whole tar\.gz"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_stops_at_the_limit(tmp_path):
    archive = archive_of(tmp_path / "a.tar.gz", entry("zeros"), content=bytes(5_000_000))
    with pytest.raises(InvalidFile, match="holds more than 1000000 bytes"):
        unpack(archive, tmp_path / "out", UnpackLimits(bytes_max=1_000_000))
    assert unpack(archive, tmp_path / "out", UnpackLimits(bytes_max=5_010_000)) == 1


def test_a_bomb_of_entries_stops_at_the_limit(tmp_path):
    archive = archive_of(tmp_path / "a.tar.gz", *(folder(f"d{n}") for n in range(11)))
    with pytest.raises(InvalidFile, match="holds more than 10 entries"):
        unpack(archive, tmp_path / "out", UnpackLimits(entries_max=10))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path):
    info = entry("x")
    info.pax_headers = {"comment": "y" * 2_000_000}
    with pytest.raises(InvalidFile, match="has a header above"):
        unpack(archive_of(tmp_path / "a.tar.gz", info), tmp_path / "out")


@pytest.mark.parametrize("what", ["file", "full folder", "link"])
def test_nothing_that_exists_is_written_over(tmp_path, what):
    archive = archive_of(tmp_path / "a.tar.gz", entry("good"))
    out = tmp_path / "out"
    match what:
        case "file":
            out.write_text("mine")
        case "full folder":
            out.mkdir()
            (out / "mine").write_text("mine")
        case "link":
            out.symlink_to(tmp_path)
    with pytest.raises(InvalidFile, match="name another folder"):
        unpack(archive, out)


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    assert unpack(archive_of(tmp_path / "a.tar.gz", entry("good")), tmp_path / "out") == 1
