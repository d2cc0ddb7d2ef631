"""Unpacking an archive that nobody vouches for: nothing lands outside the folder, nothing special lands inside."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from bostan.errors import FileProblem, InvalidFile

_COPY_BYTES: Final = 1024 * 1024
# tarfile reads a member's extended header whole: no honest one comes near this.
_HEADER_BYTES_MAX: Final = 1024 * 1024
_REMEDY: Final = "it was not made by Bostan or was changed since; unpack it by hand if you trust it"


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much an archive may hold once unpacked, headers included."""

    bytes_max: int = 256 * 2**30
    entries_max: int = 1_000_000
    name_bytes_max: int = 4096


LIMITS: Final = UnpackLimits()


class _Unsafe(Exception):
    """An entry that must not be unpacked."""

    def __init__(self, entry: str, problem: str) -> None:
        super().__init__(entry, problem)
        self.entry, self.problem = entry, problem


def unpack(archive: Path, folder: Path, limits: UnpackLimits = LIMITS) -> int:
    """Unpack a tar.gz into a folder that is new or empty; answers how many entries there were.

    The folder appears whole or not at all. Raises InvalidFile for an entry that is absolute, leads out of the
    folder, or is neither file, folder nor symbolic link; and for an archive that is broken or above the limits.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        count = _unpack_into(archive, staging, limits)
        staging.chmod(0o755)
        staging.replace(folder)
    except _Unsafe as exc:
        raise _invalid(archive, exc.entry, exc.problem) from exc
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise _invalid(archive, "", f"is not a whole tar.gz ({exc})") from exc
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return count


def _invalid(archive: Path, entry: str, problem: str) -> InvalidFile:
    return InvalidFile([FileProblem(str(archive), None, entry, problem, _REMEDY)])


def check_free(folder: Path) -> None:
    """Raises InvalidFile when there is something already where the folder is to be."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        problem = FileProblem(
            str(folder), None, "", "exists and is not an empty folder", "name another folder"
        )
        raise InvalidFile([problem])


def _unpack_into(archive: Path, root: Path, limits: UnpackLimits) -> int:
    count = 0
    with gzip.open(archive) as plain, tarfile.open(fileobj=_Bounded(plain, limits), mode="r:") as tar:
        for member in tar:
            count += 1
            if count > limits.entries_max:
                raise _Unsafe("", f"holds more than {limits.entries_max} entries")
            _place(tar, member, root, limits)
    return count


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path, limits: UnpackLimits) -> None:
    """Put one entry where its name says, if that is inside and the entry is harmless."""
    inner = _inner_path(member.name, limits)
    target = root / inner
    _check_parents(root, inner, member.name)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        raise _Unsafe(member.name, "stands in it twice")
    if member.issym():
        target.symlink_to(_inner_link(member, inner))
    elif member.isfile():
        _write(tar, member, target)
    else:
        raise _Unsafe(member.name, "is neither a file, a folder nor a symbolic link")


def _inner_path(name: str, limits: UnpackLimits) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise _Unsafe(name, "leads out of the folder")
    if "\0" in name or len(os.fsencode(name)) > limits.name_bytes_max:
        raise _Unsafe(name[:80], "has a name that no file can have")
    return path


def _check_parents(root: Path, inner: PurePosixPath, name: str) -> None:
    """No folder on the way may be a link or a file: an earlier entry could have planted it."""
    for parent in (inner, *inner.parents):
        here = root / parent
        if here.is_symlink() or (parent != inner and here.exists() and not here.is_dir()):
            raise _Unsafe(name, "goes through another entry that is no folder")


def _inner_link(member: tarfile.TarInfo, inner: PurePosixPath) -> str:
    """The link's target, when it stays inside whatever the links on its way are.

    `..` counts only at the start, where it climbs real folders: behind a link it would climb from elsewhere.
    """
    if not stays_inside(inner, member.linkname):
        raise _Unsafe(member.name, f"links to {member.linkname!r}, out of the folder")
    return member.linkname


def stays_inside(link: PurePosixPath, target: str) -> bool:
    """Whether a link at this place inside a folder, with this target, cannot lead out of the folder."""
    parts = PurePosixPath(target).parts
    if not target or "\0" in target or target.startswith("/"):
        return False
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    return climbs <= len(link.parts) - 1 and ".." not in parts[climbs:]


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one file; of its mode only "may be executed" is kept, so no setuid can come along."""
    content = tar.extractfile(member)
    assert content is not None, "a file has content"
    mode = 0o755 if member.mode & 0o100 else 0o644
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with content, os.fdopen(descriptor, "wb") as stream:
        copied = _copy(content, stream)
    if copied != member.size:
        raise _Unsafe(member.name, "is cut short")


def _copy(content: IO[bytes], stream: IO[bytes]) -> int:
    copied = 0
    while part := content.read(_COPY_BYTES):
        copied += stream.write(part)
    return copied


class _Bounded(io.RawIOBase):
    """The unpacked stream under a limit, so that a small archive cannot fill the disk or the memory."""

    def __init__(self, plain: gzip.GzipFile, limits: UnpackLimits) -> None:
        self._plain = plain
        self._bytes_max = limits.bytes_max

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _HEADER_BYTES_MAX:
            raise _Unsafe("", f"has a header above {_HEADER_BYTES_MAX} bytes")
        self._check(self._plain.tell() + size)
        return self._plain.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        assert whence == os.SEEK_SET, "tarfile seeks from the start"
        self._check(offset)
        return self._plain.seek(offset)

    def tell(self) -> int:
        return self._plain.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def _check(self, reached: int) -> None:
        # The last record's padding may be asked for past a small limit; whole records are what counts.
        if reached > self._bytes_max + tarfile.RECORDSIZE:
            raise _Unsafe("", f"holds more than {self._bytes_max} bytes")
