"""Packs a folder into a gzipped tar whose bytes depend on names, contents and the executable bit alone."""

import contextlib
import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bostan_agent.files.errors import NoSpace, NotPacked
from bostan_agent.files.unpack import NO_SPACE, Bounds

_COMPRESS_LEVEL = 1  # weights hardly shrink: more effort costs time and gains nothing


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive: its name by content, its size, and what was left out because an archive cannot hold it."""

    path: Path
    sha256: str
    size_bytes: int
    left_out: tuple[str, ...]


def pack(folder: Path, archive: Path, bounds: Bounds) -> Packed:
    """Pack what lies in `folder` into the new file `archive`. Blocking.

    Sockets, pipes, devices, and links that lead out of the folder are left out and named in the result.

    Raises:
        NotPacked: it holds more than `bounds` allow, or cannot be read.
        NoSpace: the disk is full.
    """
    try:
        with archive.open("wb") as file:
            hashing = _Hashing(file)
            left_out = _write(folder, hashing, bounds)
        return Packed(archive, hashing.sha256.hexdigest(), hashing.size_bytes, left_out)
    except OSError as exc:
        archive.unlink(missing_ok=True)
        if exc.errno in NO_SPACE:
            raise NoSpace(f"the disk is full: {exc}") from exc
        raise NotPacked(f"cannot be read: {exc}") from exc
    except NotPacked:
        archive.unlink(missing_ok=True)
        raise


def holds_anything(folder: Path) -> bool:
    """Whether there is anything in `folder` to pack."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        return any(True for _ in entries)
    return False


class _Hashing:
    """Passes bytes on to a file, hashed and counted on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size_bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _write(folder: Path, to: _Hashing, bounds: Bounds) -> tuple[str, ...]:
    left_out: list[str] = []
    size = 0
    with (
        gzip.GzipFile("", "wb", _COMPRESS_LEVEL, to, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for count, path in enumerate(_below(folder), 1):
            name = path.relative_to(folder).as_posix()
            info = _info(folder, path, name)
            if info is None:
                left_out.append(name)
                continue
            size += info.size
            if count > bounds.files_max or size > bounds.bytes_max:
                raise NotPacked(f"holds more than {bounds.files_max} files or {bounds.bytes_max} bytes")
            _add(tar, info, path)
    return tuple(left_out)


def _below(folder: Path) -> Iterator[Path]:
    """Everything below `folder`, parents first, in an order that does not depend on the disk."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
    for entry in entries:
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))


def _info(folder: Path, path: Path, name: str) -> tarfile.TarInfo | None:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    if stat.S_ISDIR(status.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    elif stat.S_ISREG(status.st_mode):
        info.size = status.st_size
        info.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    elif stat.S_ISLNK(status.st_mode) and _leads_inside(folder, path):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, str(path.readlink())
    else:
        return None
    return info


def _leads_inside(folder: Path, link: Path) -> bool:
    if link.readlink().is_absolute():
        return False
    return Path(os.path.realpath(link)).is_relative_to(os.path.realpath(folder))


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> None:
    if not info.isreg():
        tar.addfile(info)
        return
    # O_NOFOLLOW: the folder is a job's, which may put a link in the file's place at any moment.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        tar.addfile(info, file)
