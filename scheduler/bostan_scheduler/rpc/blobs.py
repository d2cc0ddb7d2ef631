"""Files by content, in and out: in on behalf of a rank of the agent's node, out to nodes that were offered a job with it.

A park is an owner as firms are: it sees what its own nodes have sent, and nothing of what others have.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bostan_protos.v1.agent_link_pb2 import BlobChunk, BlobQuery, BlobRange, BlobStored

from bostan_scheduler.files.blobs import Absent, BlobState, BlobStore, Complete, Partial
from bostan_scheduler.files.errors import BlobUnknown, DiskFull, HashDiffers, TooLarge, WrongOffset
from bostan_scheduler.files.owners import park_owner
from bostan_scheduler.rpc.errors import NotAllowed, NotNow, NotThere, NotUnderstood, Replaced, Spoilt, TooMuch
from bostan_scheduler.rpc.gate import Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.offered import Offered
from bostan_scheduler.rpc.ownership import Ownership
from bostan_scheduler.rpc.stream import Stream
from bostan_scheduler.rpc.translate.checks import INT64_MAX, SHA256, name, number
from bostan_scheduler.rpc.translate.ranks import rank_id


@dataclass(frozen=True, slots=True)
class BlobCounter:
    """Takes files in and gives them out."""

    blobs: BlobStore
    ownership: Ownership
    offered: Offered
    limits: LinkLimits

    async def fetch(self, guest: Guest, wanted: BlobRange) -> AsyncIterator[BlobChunk]:
        """The bytes from an offset on. Raises NotAllowed, NotThere, NotUnderstood."""
        sha256 = _sha256(wanted.sha256)
        if not self.offered.allows(guest, sha256):
            raise NotAllowed(f"no job with {sha256} was just offered to {guest.name}")
        path = self._path(sha256)
        size = path.stat().st_size
        offset = number(wanted.offset, 0, size, "blob.offset")
        first = BlobChunk(sha256=sha256, size_bytes=size, offset=offset)
        with path.open("rb") as file:
            file.seek(offset)
            while data := await asyncio.to_thread(file.read, self.limits.blob_chunk_bytes):
                first.data = data
                yield first
                offset += len(data)
                first = BlobChunk(offset=offset)

    def status(self, guest: Guest, query: BlobQuery) -> BlobStored:
        """How much of a file the caller's park has sent. Raises NotUnderstood."""
        sha256 = _sha256(query.sha256)
        return _stored(sha256, self.blobs.state(sha256, park_owner(guest.park)))

    async def push(self, guest: Guest, stream: Stream[BlobChunk, BlobStored]) -> BlobStored:
        """Take a file in, or the rest of it.

        Raises NotAllowed, NotNow, NotUnderstood, Replaced, Spoilt, TooMuch.
        """
        first = await stream.read()
        if first is None:
            raise NotUnderstood("blob", "no chunk came")
        owner = park_owner(guest.park)
        push = _Push(self.blobs, owner, _sha256(first.sha256), self._size(first), first.offset)
        await self._check_rank(guest, first)
        await push.take(first)
        async for chunk in stream.messages():
            await push.take(chunk)
        return _stored(push.sha256, self.blobs.state(push.sha256, owner))

    async def _check_rank(self, guest: Guest, first: BlobChunk) -> None:
        attempt_id, rank = rank_id(first.rank, "blob.rank")
        if not await self.ownership.is_given(guest, attempt_id, rank):
            raise NotAllowed(f"there is no attempt {attempt_id}")

    def _size(self, first: BlobChunk) -> int:
        bytes_max = self.blobs.limits.blob_bytes_max
        if first.size_bytes > bytes_max:
            raise TooMuch(f"a file may have {bytes_max} bytes, this one has {first.size_bytes}")
        return first.size_bytes

    def _path(self, sha256: str) -> Path:
        try:
            return self.blobs.path(sha256)
        except BlobUnknown as error:
            raise NotThere(str(error)) from error


@dataclass(slots=True)
class _Push:
    """One file on its way in."""

    blobs: BlobStore
    owner: str
    sha256: str
    size_bytes: int
    begun_at: int

    async def take(self, chunk: BlobChunk) -> None:
        """Keep a chunk."""
        number(chunk.offset, 0, INT64_MAX, "blob.offset")
        if chunk.offset + len(chunk.data) > self.size_bytes:
            raise NotUnderstood(
                "blob", f"it has more than the {self.size_bytes} bytes that it was said to have"
            )
        if chunk.sha256 not in ("", self.sha256):
            raise NotUnderstood("blob.sha256", "one call brings one file")
        try:
            await self.blobs.take(self.sha256, chunk.offset, self.size_bytes, chunk.data, self.owner)
        except WrongOffset as error:
            raise Replaced(f"{error}; another call may be sending it too") from error
        except HashDiffers as error:
            raise self._differs(error) from error
        except (DiskFull, TooLarge) as error:  # its size was checked: too large is the number of uploads
            raise NotNow(str(error)) from error

    def _differs(self, error: HashDiffers) -> Spoilt | Replaced:
        """Bytes of somebody else at its beginning are no reason never to try again."""
        return Spoilt(str(error)) if self.begun_at == 0 else Replaced(f"{error}; send it from its beginning")


def _sha256(value: str) -> str:
    return name(value, SHA256, "blob.sha256", "a SHA-256 in lower-case hex")


def _stored(sha256: str, state: BlobState) -> BlobStored:
    match state:
        case Absent():
            return BlobStored(sha256=sha256, stored_bytes=0, complete=False)
        case Partial(stored_bytes):
            return BlobStored(sha256=sha256, stored_bytes=stored_bytes, complete=False)
        case Complete(size_bytes):
            return BlobStored(sha256=sha256, stored_bytes=size_bytes, complete=True)
