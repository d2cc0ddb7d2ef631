"""Packing a folder: the same content gives the same bytes, and it comes back as it was."""

import hashlib
import os
import socket

import pytest
from bostan_agent.files.errors import NotPacked
from bostan_agent.files.pack import holds_anything, pack
from bostan_agent.files.unpack import Bounds, unpack

ROOMY = Bounds(bytes_max=1_000_000, files_max=100)


def filled(folder, order):
    folder.mkdir()
    for name in order:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    (folder / "a/run").chmod(0o755)
    (folder / "link").symlink_to("a/run")
    return folder


def test_the_same_content_gives_the_same_bytes_whenever_and_wherever_it_was_made(tmp_path):
    one = filled(tmp_path / "one", ["a/run", "b/data", "c"])
    two = filled(tmp_path / "two", ["c", "b/data", "a/run"])
    os.utime(two / "c", (1, 1))
    first = pack(one, tmp_path / "1.tgz", ROOMY)
    second = pack(two, tmp_path / "2.tgz", ROOMY)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.size_bytes == first.path.stat().st_size


def test_what_was_packed_unpacks_as_it_was(tmp_path):
    packed = pack(filled(tmp_path / "one", ["a/run", "b/data"]), tmp_path / "1.tgz", ROOMY)
    back = tmp_path / "back"
    back.mkdir()
    unpack(packed.path, back, ROOMY)
    assert (back / "b/data").read_bytes() == b"b/data"
    assert os.access(back / "a/run", os.X_OK)
    assert not os.access(back / "b/data", os.X_OK)
    assert (back / "link").readlink().as_posix() == "a/run"


def test_what_an_archive_cannot_hold_is_left_out_and_named(tmp_path):
    folder = filled(tmp_path / "one", ["a/run"])
    (folder / "out").symlink_to("../secret")
    (folder / "root").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock"))
    packed = pack(folder, tmp_path / "1.tgz", ROOMY)
    assert set(packed.left_out) == {"out", "root", "pipe", "sock"}


@pytest.mark.parametrize("bounds", [Bounds(bytes_max=2, files_max=100), Bounds(bytes_max=100, files_max=2)])
def test_a_folder_beyond_the_bounds_is_not_packed_and_leaves_nothing_behind(tmp_path, bounds):
    with pytest.raises(NotPacked, match="holds more than"):
        pack(filled(tmp_path / "one", ["a/run", "b/data"]), tmp_path / "1.tgz", bounds)
    assert not (tmp_path / "1.tgz").exists()


def test_a_folder_that_is_not_there_is_not_packed(tmp_path):
    with pytest.raises(NotPacked, match="cannot be read"):
        pack(tmp_path / "nowhere", tmp_path / "1.tgz", ROOMY)


def test_an_empty_folder_holds_nothing(tmp_path):
    (tmp_path / "one").mkdir()
    assert not holds_anything(tmp_path / "one")
    assert not holds_anything(tmp_path / "nowhere")
    (tmp_path / "one/file").touch()
    assert holds_anything(tmp_path / "one")
