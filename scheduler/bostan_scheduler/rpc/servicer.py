"""The calls of the protocol: each caller is asked for its token, and each fault is told as a status."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from bostan_protos.v1.agent_link_pb2 import (
    AgentMessage,
    BlobChunk,
    BlobQuery,
    BlobRange,
    BlobStored,
    CentreMessage,
    LogChunk,
    LogStored,
)
from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkServicer

from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.rpc.blobs import BlobCounter
from bostan_scheduler.rpc.conversation import Conversation, Desk
from bostan_scheduler.rpc.errors import LinkError
from bostan_scheduler.rpc.gate import Gate, Guest
from bostan_scheduler.rpc.logs import LogIntake
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.opening import Opening, Reception
from bostan_scheduler.rpc.ownership import Ownership
from bostan_scheduler.rpc.stream import Stream

log = structlog.get_logger()

FIRST_WORDS = 2
_POLITENESS_SECONDS = 0.5

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where each call is taken care of."""

    gate: Gate
    reception: Reception
    desk: Desk
    counter: BlobCounter
    book: LogBook
    ownership: Ownership
    notices: Notices


class Link(AgentLinkServicer):
    """`AgentLink` over the rooms."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def Session(self, _: object, context: Context) -> None:  # type: ignore[override]  # noqa: N802
        """A node's session, from its hello until one side ends it."""
        stream: Stream[AgentMessage, CentreMessage] = Stream(context)
        async with self._refusing(context):
            try:
                guest = await self._rooms.gate.admit(context.invocation_metadata() or ())
                opening = await self._rooms.reception.hear(stream, guest)
            except LinkError:
                await stream.let_finish(FIRST_WORDS, _POLITENESS_SECONDS)
                raise
            await self._converse(stream, opening)

    async def _converse(self, stream: Stream[AgentMessage, CentreMessage], opening: Opening) -> None:
        session, sessions = opening.session, self._rooms.reception.sessions
        sessions.expect(session)
        try:
            await self._rooms.reception.open(stream, opening)
            log.info("session opened", node=session.node_id, session=session.id)
            await Conversation(self._rooms.desk, session, stream).run()
        finally:
            sessions.leave(session)
            if not sessions.is_open(session.node_id):
                self._rooms.desk.board.forget(session.node_id)
            log.info("session over", node=session.node_id, session=session.id)

    async def PushLog(self, _: object, context: Context) -> None:  # type: ignore[override]  # noqa: N802
        """Bytes of logs, kept as they come."""
        async with self._guest(context) as guest:
            rooms = self._rooms
            intake = LogIntake(guest, rooms.book, rooms.ownership, rooms.reception.limits, rooms.notices)
            stream: Stream[LogChunk, LogStored] = Stream(context)
            await intake.run(stream)

    async def FetchBlob(  # noqa: N802
        self, request: BlobRange, context: Context
    ) -> AsyncIterator[BlobChunk]:
        """A file's bytes."""
        async with self._guest(context) as guest:
            async for chunk in self._rooms.counter.fetch(guest, request):
                yield chunk

    async def BlobStatus(self, request: BlobQuery, context: Context) -> BlobStored:  # noqa: N802
        """How much of a file is here."""
        async with self._guest(context) as guest:
            return self._rooms.counter.status(guest, request)

    async def PushBlob(self, _: object, context: Context) -> BlobStored:  # noqa: N802
        """A file's bytes, in."""
        async with self._guest(context) as guest:
            stream: Stream[BlobChunk, BlobStored] = Stream(context)
            return await self._rooms.counter.push(guest, stream)

    @contextlib.asynccontextmanager
    async def _guest(self, context: Context) -> AsyncIterator[Guest]:
        """The caller of a call that goes on as long as nothing is wrong."""
        async with self._refusing(context):
            yield await self._rooms.gate.admit(context.invocation_metadata() or ())

    @contextlib.asynccontextmanager
    async def _refusing(self, context: Context) -> AsyncIterator[None]:
        """The end of a call that does not go on: logged here, told to the agent in words."""
        try:
            yield
        except LinkError as error:
            self._rooms.notices.warn("call refused", _host(context), code=error.code.name, why=str(error))
            await context.abort(error.code, str(error))
        except (asyncio.CancelledError, grpc.aio.BaseError):
            raise  # the agent has gone
        except Exception:
            log.exception("call failed", peer=context.peer())
            await context.abort(grpc.StatusCode.INTERNAL, "the centre has failed at this; its log says how")


def _host(context: Context) -> str:
    """The caller's address without its port, which changes with each connection."""
    peer: str = context.peer()
    return peer.rpartition(":")[0]
