"""A stable copy of a checkpoint folder.

Copied, not hard-linked: a job that overwrites its checkpoint in place would change a hard link too.
Where the filesystem shares extents (XFS, Btrfs) the copy costs no space; elsewhere it costs its size.
Links are kept as links, never followed, and must stay inside the folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import dataclass

from bostan_agent.shim import files
from bostan_agent.shim.errors import SnapshotError
from bostan_agent.shim.records import CHECKPOINTS_FOLDER

KEPT = 2
_FICLONE = 0x40049409
_COPY_BYTES = 1024 * 1024
_NO_EXTENT_SHARING = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class Copied:
    """How much a copy holds."""

    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a copy may hold at most."""

    bytes: int
    files: int

    def check(self, copied: Copied) -> None:
        """Refuse a copy that has grown beyond the bounds."""
        if copied.bytes > self.bytes:
            raise SnapshotError(
                f"the checkpoint holds more than {self.bytes} bytes, the most a checkpoint may"
            )
        if copied.files > self.files:
            raise SnapshotError(
                f"the checkpoint holds more than {self.files} files, the most a checkpoint may"
            )


def take(source: str, rank_folder: int, seq: int, bounds: Bounds) -> Copied:
    """Copy `source` to `checkpoints/<seq>/` in the rank's folder, durably and whole or not at all.

    Raises:
        SnapshotError: the folder holds something that cannot be a checkpoint, or too much.
        OSError: the disk refused.
    """
    base = f"/proc/self/fd/{rank_folder}/{CHECKPOINTS_FOLDER}"
    os.makedirs(base, mode=0o700, exist_ok=True)  # noqa: PTH103
    _drop_older(base, keep=KEPT - 1)
    temporary = f"{base}/.{seq}.tmp"
    for remains in (temporary, f"{base}/{seq}"):  # of a helper that was killed before its copy was recorded
        remove_tree(remains)
    try:
        copied = _copy_tree(source, temporary, bounds)
        os.rename(temporary, f"{base}/{seq}")  # noqa: PTH104
    except BaseException:
        remove_tree(temporary)
        raise
    _sync_folder(base)
    return copied


def kept(base: str) -> list[int]:
    """The sequence numbers of the copies under `base`, oldest first."""
    return sorted(int(name) for name in os.listdir(base) if name.isdecimal())  # noqa: PTH208


def pin_name(seq: int) -> str:
    """The file whose presence beside a copy keeps it from being dropped while it is being sent."""
    return f"{seq}.pin"


def remove_tree(path: str) -> None:
    """Delete a folder with all it holds; nothing happens where it is absent."""
    # Imported here, in the forked helper: with its compressors it would weigh on every shim.
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _drop_older(base: str, keep: int) -> None:
    """Before a copy, so that no more than KEPT and a pinned one ever lie there."""
    loose = [seq for seq in kept(base) if not os.path.exists(f"{base}/{pin_name(seq)}")]  # noqa: PTH110
    for seq in loose[: max(0, len(loose) - keep)]:
        remove_tree(f"{base}/{seq}")


def _copy_tree(source: str, target: str, bounds: Bounds) -> Copied:
    copied = Copied(0, 0)
    os.mkdir(target, 0o700)  # noqa: PTH102
    for folder, folders, names, fd in os.fwalk(source, follow_symlinks=False, onerror=_raise):
        relative = os.path.relpath(folder, source)
        there = os.path.normpath(f"{target}/{relative}")
        for name in folders + names:
            size = _copy_entry(fd, name, there, depth=_depth(relative))
            copied = Copied(copied.bytes + size, copied.files + 1)
            bounds.check(copied)
        _sync_folder(there)
    return copied


def _copy_entry(folder: int, name: str, target: str, depth: int) -> int:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISREG(mode):
        return _copy_file(folder, name, f"{target}/{name}")
    if stat.S_ISDIR(mode):
        os.mkdir(f"{target}/{name}", 0o700)  # noqa: PTH102
    elif stat.S_ISLNK(mode):
        _copy_link(folder, name, f"{target}/{name}", depth)
    else:
        raise SnapshotError(f"{name!r} is neither file, folder nor link: a checkpoint cannot hold it")
    return 0


def _copy_link(folder: int, name: str, target: str, depth: int) -> None:
    points_to = os.readlink(name, dir_fd=folder)
    steps = [step for step in points_to.split("/") if step not in ("", ".")]
    climbs = next((i for i, step in enumerate(steps) if step != ".."), len(steps))
    # ".." after a name could climb out of the folder that another link leads to.
    if points_to.startswith("/") or climbs > depth or ".." in steps[climbs:]:
        raise SnapshotError(f"the link {name!r} points out of the checkpoint folder, to {points_to!r}")
    os.symlink(points_to, target)  # noqa: PTH211


def _copy_file(folder: int, name: str, target: str) -> int:
    # NONBLOCK: a pipe put in the file's place meanwhile must not hold us.
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        mode = os.fstat(source).st_mode
        if not stat.S_ISREG(mode):
            raise SnapshotError(f"{name!r} changed while it was copied")
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 | (mode & 0o100))
        try:
            size = _copy_bytes(source, copy)
            os.fsync(copy)
            return size
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _copy_bytes(source: int, target: int) -> int:
    try:
        fcntl.ioctl(target, _FICLONE, source)
        return os.fstat(target).st_size
    except OSError as exc:
        if exc.errno not in _NO_EXTENT_SHARING:
            raise
    total = 0
    while data := os.read(source, _COPY_BYTES):
        files.write_all(target, data)
        total += len(data)
    return total


def _depth(relative: str) -> int:
    return 0 if relative == "." else relative.count("/") + 1


def _sync_folder(path: str) -> None:
    folder = files.open_folder(path)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _raise(error: OSError) -> None:
    raise error
