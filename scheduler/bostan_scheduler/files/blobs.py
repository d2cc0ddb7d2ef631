"""Archives by the SHA-256 of their bytes: sent in parts, checked when the last one has come, never changed after.

An owner, a firm or a park, sees what they have sent themselves, and nothing of what others have. Without an owner
everything is seen: that is for the centre itself.
"""

import asyncio
import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bostan_scheduler.files.disk import free_bytes, locked_file, make_folder, write_all
from bostan_scheduler.files.errors import BlobUnknown, DiskFull, HashDiffers, TooLarge, WrongOffset
from bostan_scheduler.files.hashes import RunningHashes
from bostan_scheduler.files.names import blob_name, owned_name
from bostan_scheduler.files.owners import Owners
from bostan_scheduler.files.settings import BlobLimits
from bostan_scheduler.files.shelf import Shelf


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


@dataclass(frozen=True, slots=True)
class _Upload:
    """An archive on its way in, its file locked."""

    name: str
    owner: str | None
    path: Path
    descriptor: int
    total: int

    def forget_if_empty(self, stored: int) -> None:
        """An upload of which nothing was kept takes no place among those under way."""
        if stored == 0:
            self.path.unlink()


class BlobStore:
    """Archives in a folder. Safe from several threads and processes. What it says is here stays so for an hour."""

    def __init__(self, root: Path, limits: BlobLimits, clock: Callable[[], float] = time.time) -> None:
        self.limits = limits
        self.owners = Owners(root / "owners")
        self.shelf = Shelf(root / "whole", self.owners)
        self._unfinished = make_folder(root / "unfinished")
        self._clock = clock
        self._hashes = RunningHashes(limits.running_hashes_max)

    def state(self, sha256: str, owner: str | None = None) -> BlobState:
        """How much of it is here, of what the owner has sent. Raises BadName."""
        name, unfinished = blob_name(sha256), self._unfinished_path(sha256, owner)
        if owner is None or self.owners.has(name, owner):
            size_bytes = self.shelf.size(name, self._clock())
            if size_bytes is not None:
                return Complete(size_bytes)
        with suppress(FileNotFoundError):
            stored = unfinished.stat().st_size
            return Partial(stored) if stored else Absent()
        return Absent()

    def path(self, sha256: str) -> Path:
        """Where the complete archive lies; it is not to be changed. Raises BadName, BlobUnknown."""
        name = blob_name(sha256)
        if self.shelf.size(name, self._clock()) is None:
            raise BlobUnknown(f"there is no archive {sha256}")
        return self.shelf.path(name)

    def open(self, sha256: str) -> BinaryIO:
        """The complete archive, open to read. Raises BadName, BlobUnknown."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset` on. Raises BadName, BlobUnknown."""
        with self.open(sha256) as file:
            file.seek(offset)
            return file.read(limit)

    async def take(
        self, sha256: str, offset: int, total: int, data: bytes, owner: str | None = None
    ) -> BlobState:
        """`append`, without blocking the event loop."""
        return await asyncio.to_thread(self.append, sha256, offset, total, data, owner)

    def append(
        self, sha256: str, offset: int, total: int, data: bytes, owner: str | None = None
    ) -> BlobState:
        """Keep a part that begins at `offset` of `total` bytes; the last one completes the archive. Blocking.

        What is complete already stays as it is; an owner sends it all the same, and so shows to have it.
        Raises BadName, WrongOffset, TooLarge, DiskFull, HashDiffers.
        """
        name = blob_name(sha256)
        self._check_size(offset, total, data)
        path = self._unfinished_path(name, owner)
        if not path.exists():
            state = self.state(name, owner)
            if isinstance(state, Complete):
                return state
            self._check_count()
        with locked_file(path) as descriptor:
            state = self.state(name, owner)
            if isinstance(state, Complete):  # completed by another while we waited
                path.unlink()
                return state
            return self._append(_Upload(name, owner, path, descriptor, total), offset, data)

    def _append(self, upload: _Upload, offset: int, data: bytes) -> BlobState:
        stored = os.lseek(upload.descriptor, 0, os.SEEK_END)
        if offset != stored:
            upload.forget_if_empty(stored)
            raise WrongOffset(stored)
        self._write(upload, stored, data)
        self._hashes.add(upload.path.name, upload.descriptor, offset, data)
        if offset + len(data) < upload.total:
            return Partial(offset + len(data))
        self._finish(upload)
        return Complete(upload.total)

    def _write(self, upload: _Upload, stored: int, data: bytes) -> None:
        try:
            self._check_room(upload.total - stored)
            write_all(upload.descriptor, data)
        except (OSError, DiskFull) as exc:
            os.ftruncate(upload.descriptor, stored)
            upload.forget_if_empty(stored)
            if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("the disk of the centre is full") from exc
            raise

    def _finish(self, upload: _Upload) -> None:
        name = upload.name
        if self._hashes.digest(upload.path.name, upload.descriptor, upload.total) != name:
            upload.path.unlink()
            raise HashDiffers(f"the bytes sent are not those of {name}; they were dropped")
        os.fsync(upload.descriptor)
        self.shelf.put(name, upload.path, upload.owner, self._clock())

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

    def _unfinished_path(self, sha256: str, owner: str | None) -> Path:
        """Each owner has an upload of their own: nobody learns from it, or spoils it for others."""
        return self._unfinished / (blob_name(sha256) if owner is None else owned_name(sha256, owner))

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
