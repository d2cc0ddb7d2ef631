"""Archives by the SHA-256 of their bytes: sent in parts, checked when the last one has come, never changed after."""

import asyncio
import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bostan_scheduler.files.disk import free_bytes, keep_name, locked_file, make_folder, write_all
from bostan_scheduler.files.errors import BlobUnknown, DiskFull, HashDiffers, TooLarge, WrongOffset
from bostan_scheduler.files.hashes import RunningHashes
from bostan_scheduler.files.names import blob_name
from bostan_scheduler.files.settings import BlobLimits


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of it is here."""


@dataclass(frozen=True, slots=True)
class Partial:
    """Its first bytes are here."""

    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Complete:
    """All of it is here, and checked."""

    size_bytes: int


BlobState = Absent | Partial | Complete


class BlobStore:
    """Archives in a folder. Safe from several threads and processes."""

    def __init__(self, root: Path, limits: BlobLimits) -> None:
        self.limits = limits
        self._whole = make_folder(root / "whole")
        self._unfinished = make_folder(root / "unfinished")
        self._hashes = RunningHashes(limits.running_hashes_max)

    def state(self, sha256: str) -> BlobState:
        """How much of it is here. Raises BadName."""
        name = blob_name(sha256)
        with suppress(FileNotFoundError):
            return Complete(self._path(name).stat().st_size)
        with suppress(FileNotFoundError):
            stored = (self._unfinished / name).stat().st_size
            return Partial(stored) if stored else Absent()
        return Absent()

    def path(self, sha256: str) -> Path:
        """Where the complete archive lies; it is not to be changed. Raises BadName, BlobUnknown."""
        path = self._path(blob_name(sha256))
        if not path.exists():
            raise BlobUnknown(f"there is no archive {sha256}")
        return path

    def open(self, sha256: str) -> BinaryIO:
        """The complete archive, open to read. Raises BadName, BlobUnknown."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset` on. Raises BadName, BlobUnknown."""
        with self.open(sha256) as file:
            file.seek(offset)
            return file.read(limit)

    async def take(self, sha256: str, offset: int, total: int, data: bytes) -> BlobState:
        """`append`, without blocking the event loop."""
        return await asyncio.to_thread(self.append, sha256, offset, total, data)

    def append(self, sha256: str, offset: int, total: int, data: bytes) -> BlobState:
        """Keep a part that begins at `offset` of `total` bytes; the last one completes the archive. Blocking.

        What is complete already stays as it is. Raises BadName, WrongOffset, TooLarge, DiskFull, HashDiffers.
        """
        name = blob_name(sha256)
        self._check_size(offset, total, data)
        path = self._unfinished / name
        if not path.exists():
            state = self.state(name)
            if isinstance(state, Complete):
                return state
            self._check_count()
        with locked_file(path) as descriptor:
            return self._append(name, descriptor, offset, total, data)

    def _append(self, name: str, descriptor: int, offset: int, total: int, data: bytes) -> BlobState:
        if self._path(name).exists():  # completed by another while we waited
            (self._unfinished / name).unlink()
            return self.state(name)
        stored = os.lseek(descriptor, 0, os.SEEK_END)
        if offset != stored:
            self._forget_if_empty(name, stored)
            raise WrongOffset(stored)
        self._write(name, descriptor, stored, total, data)
        self._hashes.add(name, descriptor, offset, data)
        if offset + len(data) < total:
            return Partial(offset + len(data))
        self._finish(name, descriptor, total)
        return Complete(total)

    def _write(self, name: str, descriptor: int, stored: int, total: int, data: bytes) -> None:
        try:
            self._check_room(total - stored)
            write_all(descriptor, data)
        except (OSError, DiskFull) as exc:
            os.ftruncate(descriptor, stored)
            self._forget_if_empty(name, stored)
            if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("the disk of the centre is full") from exc
            raise

    def _forget_if_empty(self, name: str, stored: int) -> None:
        """An upload of which nothing was kept takes no place among those under way."""
        if stored == 0:
            (self._unfinished / name).unlink()

    def _finish(self, name: str, descriptor: int, total: int) -> None:
        path = self._unfinished / name
        if self._hashes.digest(name, descriptor, total) != name:
            path.unlink()
            raise HashDiffers(f"the bytes sent are not those of {name}; they were dropped")
        os.fsync(descriptor)
        final = self._path(name)
        make_folder(final.parent)
        path.rename(final)
        keep_name(final.parent)
        keep_name(self._whole)

    def collect(self, now_seconds: float) -> int:
        """Remove uploads to which nothing was added for too long; how many they were. Blocking."""
        given_up = 0
        for path in self._unfinished.iterdir():
            with suppress(FileNotFoundError), locked_file(path) as descriptor:
                age = now_seconds - os.fstat(descriptor).st_mtime
                if age > self.limits.unfinished_seconds_max:
                    path.unlink()
                    given_up += 1
        return given_up

    def _path(self, name: str) -> Path:
        return self._whole / name[:2] / name

    def _check_size(self, offset: int, total: int, data: bytes) -> None:
        if total > self.limits.blob_bytes_max:
            raise TooLarge(f"an archive may have {self.limits.blob_bytes_max} bytes, this one has {total}")
        if len(data) > self.limits.part_bytes_max:
            raise TooLarge(f"a part may have {self.limits.part_bytes_max} bytes, this one has {len(data)}")
        if offset < 0 or offset + len(data) > total:
            raise TooLarge(f"the part ends at byte {offset + len(data)}, the archive at {total}")

    def _check_count(self) -> None:
        if sum(1 for _ in self._unfinished.iterdir()) >= self.limits.unfinished_max:
            raise TooLarge(f"{self.limits.unfinished_max} uploads are under way already")

    def _check_room(self, more: int) -> None:
        if free_bytes(self._unfinished) - more < self.limits.free_bytes_min:
            raise DiskFull(f"the disk of the centre has no room for {more} bytes more")
