"""The calls beside the session, for whoever has a file or a log to move: they work while the line is up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from bostan_protos.v1.agent_link_pb2 import BlobChunk, BlobQuery, BlobRange, BlobStored, LogChunk, LogStored

from bostan_agent.files.errors import BlobRefused, BlobUnknown, FilesError, LineCut
from bostan_agent.link.channel import Metadata
from bostan_agent.tasks import only_own_cancellation

if TYPE_CHECKING:
    from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkAsyncStub

# Not the file's fault, as far as the centre says: worth another attempt.
_PASSING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAUTHENTICATED,
}


class Calls:
    """The line as files and logs see it. `up` is set from a welcome to the end of its session."""

    def __init__(self, status_seconds: float = 30.0) -> None:
        self.up = asyncio.Event()
        self._status_seconds = status_seconds
        self._stub: AgentLinkAsyncStub | None = None
        self._metadata: Metadata = ()

    def connect(self, stub: "AgentLinkAsyncStub", metadata: Metadata) -> None:
        """The centre has welcomed this node."""
        self._stub, self._metadata = stub, metadata
        self.up.set()

    def disconnect(self) -> None:
        """The session is over; calls under way break by themselves."""
        self._stub = None
        self.up.clear()

    async def fetch_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """The blob's bytes from `offset` on. Raises LineCut, BlobUnknown."""
        with _translated():
            async for chunk in self._line().FetchBlob(
                BlobRange(sha256=sha256, offset=offset), metadata=self._metadata
            ):
                if chunk.offset != offset:
                    raise LineCut(f"the centre sent bytes at {chunk.offset} where those at {offset} were due")
                offset += len(chunk.data)
                yield chunk.data

    async def blob_status(self, sha256: str) -> BlobStored:
        """How much of the blob the centre has. Raises LineCut."""
        with _translated():
            stored: BlobStored = await self._line().BlobStatus(
                BlobQuery(sha256=sha256), metadata=self._metadata, timeout=self._status_seconds
            )
            return stored

    async def push_blob(self, chunks: AsyncIterator[BlobChunk]) -> BlobStored:
        """Send bytes. Raises LineCut, BlobRefused."""
        with _translated():
            stored: BlobStored = await self._line().PushBlob(chunks, metadata=self._metadata)
            return stored

    def push_log(self) -> "grpc.aio.StreamStreamCall[LogChunk, LogStored]":
        """Open a stream of log bytes. Raises LineCut."""
        return self._line().PushLog(metadata=self._metadata)

    def _line(self) -> "AgentLinkAsyncStub":
        if self._stub is None:
            raise LineCut("the centre is out of reach")
        return self._stub


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        with only_own_cancellation(LineCut("the session ended")):
            yield
    except grpc.aio.AioRpcError as exc:
        raise file_error(exc) from exc


def file_error(error: grpc.aio.AioRpcError) -> FilesError:
    """What a failed call means for the file it was about."""
    what = f"{error.code().name}: {error.details()}"
    if error.code() in _PASSING:
        return LineCut(what)
    if error.code() is grpc.StatusCode.NOT_FOUND:
        return BlobUnknown(what)
    return BlobRefused(what)
