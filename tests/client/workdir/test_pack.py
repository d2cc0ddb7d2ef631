"""A work directory packs to the same bytes wherever it lies, without what is left out, within its limits."""

import gzip
import os
import tarfile
from pathlib import Path

import pytest
from bostan.errors import InvalidFile
from bostan.workdir import LIMITS, Packed, PackLimits, pack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILE_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
)
TREES = st.dictionaries(
    FILE_NAMES.filter(lambda name: name not in (".", "..", ".git", ".bostanignore")),
    st.binary(max_size=64),
    max_size=8,
)


def folder_of(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    root.mkdir(exist_ok=True)
    return root


def packed_names(packed: Packed) -> list[str]:
    with tarfile.open(packed.path) as tar:
        return tar.getnames()


def refusal(folder: Path, to: Path, limits: PackLimits = LIMITS) -> str:
    with pytest.raises(InvalidFile) as refused:
        pack(folder, to, limits)
    return str(refused.value)


@given(TREES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_copies_of_a_folder_pack_to_the_same_bytes(tmp_path_factory, files):
    place = tmp_path_factory.mktemp("pack")
    first = folder_of(place / "first", files)
    second = folder_of(place / "second", dict(reversed(files.items())))
    for path in second.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    one, two = pack(first, place / "1.tar.gz"), pack(second, place / "2.tar.gz")
    assert one.archive == two.archive
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.entries == len(files)


def test_nothing_of_the_packing_machine_is_in_the_archive(tmp_path):
    folder = folder_of(tmp_path / "work", {"train.py": b"x", "run.sh": b"y"})
    (folder / "run.sh").chmod(0o4750)
    packed = pack(folder, tmp_path / "out.tar.gz")
    with tarfile.open(packed.path) as tar:
        entries = {each.name: each for each in tar}
    assert {(each.uid, each.gid, each.uname, each.gname, each.mtime) for each in entries.values()} == {
        (0, 0, "", "", 0)
    }
    assert (entries["train.py"].mode, entries["run.sh"].mode) == (0o644, 0o755)


def test_the_hash_and_size_are_those_of_the_file(tmp_path):
    import hashlib

    packed = pack(folder_of(tmp_path / "work", {"a": b"1" * 100_000}), tmp_path / "out.tar.gz")
    content = packed.path.read_bytes()
    assert packed.archive.sha256 == hashlib.sha256(content).hexdigest()
    assert packed.archive.size_bytes == len(content)


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        pytest.param(
            "", ["data", "data/a.bin", "data/keep.bin", "src", "src/a.py", "src/a.pyc"], id="nothing named"
        ),
        pytest.param("data/", ["src", "src/a.py", "src/a.pyc"], id="a folder"),
        pytest.param(
            "*.pyc\n*.bin\n!keep.bin",
            ["data", "data/keep.bin", "src", "src/a.py"],
            id="patterns and an exception",
        ),
        pytest.param("# words\n/src/a.*", ["data", "data/a.bin", "data/keep.bin", "src"], id="anchored"),
        pytest.param(
            "data/\n!data/keep.bin",
            ["src", "src/a.py", "src/a.pyc"],
            id="no exception inside a folder left out",
        ),
    ],
)
def test_bostanignore_is_read_as_gitignore_is(tmp_path, ignore, left):
    files = {
        "src/a.py": b"",
        "src/a.pyc": b"",
        "data/a.bin": b"",
        "data/keep.bin": b"",
        ".git/config": b"",
        "src/.git": b"",
    }
    folder = folder_of(tmp_path / "work", {**files, ".bostanignore": ignore.encode()})
    assert packed_names(pack(folder, tmp_path / "out.tar.gz")) == [".bostanignore", *left]


def test_a_link_inside_is_kept_as_a_link(tmp_path):
    folder = folder_of(tmp_path / "work", {"data/a": b"1", "src/b": b"2"})
    (folder / "src/link").symlink_to("../data/a")
    packed = pack(folder, tmp_path / "out.tar.gz")
    with tarfile.open(packed.path) as tar:
        assert tar.getmember("src/link").linkname == "../data/a"


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside", "sub/../../outside", "loop", "way-out/outside"]
)
def test_a_link_that_leads_out_is_refused_by_name(tmp_path, target):
    folder = folder_of(tmp_path / "work", {"sub/a": b""})
    (tmp_path / "outside").write_text("secret")
    (folder / "sub/up").symlink_to("..")
    (folder / "loop").symlink_to(target)
    if target == "way-out/outside":
        (folder / "way-out").symlink_to(tmp_path)
    message = refusal(folder, tmp_path / "out.tar.gz")
    assert "out of the work directory" in message
    assert ".bostanignore" in message


def test_a_pipe_is_refused(tmp_path):
    folder = folder_of(tmp_path / "work", {})
    os.mkfifo(folder / "pipe")
    assert "neither a file, a folder nor a link" in refusal(folder, tmp_path / "out.tar.gz")


def test_a_folder_above_the_size_limit_names_its_largest_files(tmp_path):
    files = {"big.bin": os.urandom(40_000), "small.bin": b"1", "middle.bin": os.urandom(20_000)}
    message = refusal(
        folder_of(tmp_path / "work", files), tmp_path / "o", PackLimits(packed_bytes_max=50_000)
    )
    assert "is larger than 0.0476837 MiB when packed" in message
    assert message.index("big.bin") < message.index("middle.bin") < message.index("small.bin")


def test_a_folder_just_within_the_limits_is_packed(tmp_path):
    folder = folder_of(tmp_path / "work", {"a": b"1", "b": b"2"})
    size = pack(folder, tmp_path / "1").archive.size_bytes
    assert pack(folder, tmp_path / "2", PackLimits(packed_bytes_max=size, files_max=2)).entries == 2
    assert "is larger" in refusal(folder, tmp_path / "3", PackLimits(packed_bytes_max=size - 1))


def test_a_folder_of_too_many_files_names_the_crowded_place(tmp_path):
    folder = folder_of(tmp_path / "work", {f"cache/{n}": b"" for n in range(20)} | {"train.py": b""})
    message = refusal(folder, tmp_path / "o", PackLimits(files_max=10))
    assert "more than 10 files" in message
    assert "cache (" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(tmp_path):
    folder = folder_of(tmp_path / "work", {"secret": b"1"})
    (folder / "secret").chmod(0)
    assert "Permission denied" in refusal(folder, tmp_path / "o")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert "is not a folder" in refusal(tmp_path / "missing", tmp_path / "o")


def test_progress_ends_at_the_whole(tmp_path):
    steps: list[tuple[int, int]] = []
    pack(
        folder_of(tmp_path / "w", {"a": b"12", "b": b"345"}),
        tmp_path / "o",
        progress=lambda *at: steps.append(at),
    )
    assert steps == [(2, 5), (5, 5)]


def test_the_archive_is_plain_gzip_of_tar(tmp_path):
    packed = pack(folder_of(tmp_path / "w", {"a": b"1"}), tmp_path / "o")
    assert gzip.decompress(packed.path.read_bytes())[257:262] == b"ustar"
