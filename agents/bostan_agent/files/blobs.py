"""Files by content: fetched once and kept for the next rank; pushed with resumption at the offset the centre has."""

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

from bostan_protos.v1.agent_link_pb2 import BlobChunk, BlobStored
from bostan_protos.v1.rank_pb2 import Blob, RankId

from bostan_agent.files.errors import BadBlob, BlobRefused, NoSpace
from bostan_agent.files.unpack import NO_SPACE

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = ".part"


class BlobLine(Protocol):
    """The three calls about blobs, as the link offers them."""

    def fetch_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """The blob's bytes from `offset` on. Raises LineCut, BlobUnknown."""
        ...

    async def blob_status(self, sha256: str) -> BlobStored:
        """How much of the blob the centre has. Raises LineCut."""
        ...

    async def push_blob(self, chunks: AsyncIterator[BlobChunk]) -> BlobStored:
        """Send bytes. Raises LineCut, BlobRefused."""
        ...


class BlobCache:
    """Verified blobs in one folder, named by their content; the least recently used leave first."""

    def __init__(self, folder: Path, line: BlobLine, bytes_max: int) -> None:
        self._folder = folder
        self._line = line
        self._bytes_max = bytes_max
        self._users: dict[str, tuple[asyncio.Lock, int]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @contextlib.asynccontextmanager
    async def held(self, blob: Blob) -> AsyncIterator[Path]:
        """The file that holds `blob`, fetched if need be; it stays while the context lasts.

        Raises:
            BadBlob: what came is not what the name says, or is of another size.
            NoSpace, LineCut, BlobUnknown: as their names say.
        """
        if not _SHA256.fullmatch(blob.sha256):
            raise BadBlob(f"{blob.sha256[:80]!r} is no SHA-256 in lower-case hex")
        with self._in_use(blob.sha256) as alone:
            path = self._folder / blob.sha256
            # The second to ask finds what the first fetched; both then read at once.
            async with alone:
                if path.exists():
                    os.utime(path)
                else:
                    await self._fetch(blob, path)
            yield path
        self._prune()

    @contextlib.contextmanager
    def _in_use(self, sha256: str) -> Iterator[asyncio.Lock]:
        lock, users = self._users.get(sha256, (asyncio.Lock(), 0))
        self._users[sha256] = (lock, users + 1)
        try:
            yield lock
        finally:
            lock, users = self._users.pop(sha256)
            if users > 1:
                self._users[sha256] = (lock, users - 1)

    async def _fetch(self, blob: Blob, path: Path) -> None:
        part = path.with_name(path.name + _PART)
        try:
            size = await self._download(blob, part)
            digest = await asyncio.to_thread(file_sha256, part)
        except OSError as exc:
            raise _no_space(exc) from exc
        if digest != blob.sha256 or size != blob.size_bytes:
            part.unlink()
            raise BadBlob(f"{size} bytes with SHA-256 {digest} came in place of {blob.sha256}")
        part.rename(path)

    async def _download(self, blob: Blob, part: Path) -> int:
        with part.open("ab") as file:
            if file.tell() > blob.size_bytes:
                file.truncate(0)
            size = file.tell() if file.tell() <= blob.size_bytes else 0
            if size == blob.size_bytes:
                return size
            async for data in self._line.fetch_blob(blob.sha256, size):
                size += file.write(data)
                if size > blob.size_bytes:
                    file.truncate(0)
                    raise BadBlob(f"more than the {blob.size_bytes} bytes that {blob.sha256} should have")
        return size

    def _prune(self) -> None:
        files = sorted(self._kept(), key=lambda found: found[0])
        excess = sum(size for _, size, _ in files) - self._bytes_max
        for _, size, path in files:
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size

    def _kept(self) -> Iterator[tuple[int, int, Path]]:
        for path in self._folder.iterdir():
            if path.name.removesuffix(_PART) not in self._users:
                status = path.stat()
                yield status.st_mtime_ns, status.st_size, path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Blocking."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_space(exc: OSError) -> NoSpace:
    if exc.errno in NO_SPACE:
        return NoSpace(f"the disk is full: {exc}")
    return NoSpace(f"the disk cannot be written: {exc}")


async def push(line: BlobLine, path: Path, blob: Blob, rank: RankId, chunk_bytes: int) -> None:
    """Bring `path` to the centre as `blob`; what it has already is not sent again.

    Raises:
        LineCut: the line broke; call again to go on from there.
        BlobRefused: the centre will never take it.
    """
    stored = await line.blob_status(blob.sha256)
    if not stored.complete:
        stored = await line.push_blob(_chunks(path, blob, rank, stored.stored_bytes, chunk_bytes))
    if not stored.complete:
        raise BlobRefused(
            f"the centre has {stored.stored_bytes} of {blob.size_bytes} bytes and calls it incomplete"
        )


async def _chunks(
    path: Path, blob: Blob, rank: RankId, offset: int, chunk_bytes: int
) -> AsyncIterator[BlobChunk]:
    first = BlobChunk(sha256=blob.sha256, size_bytes=blob.size_bytes, offset=offset, rank=rank)
    with path.open("rb") as file:
        file.seek(offset)
        first.data = file.read(chunk_bytes)
        yield first
        offset += len(first.data)
        while data := file.read(chunk_bytes):
            yield BlobChunk(offset=offset, data=data)
            offset += len(data)
