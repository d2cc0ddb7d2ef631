"""How a session begins: hello, what the node has, the leader's answer, the welcome."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from bostan_protos.v1.agent_link_pb2 import ActualSet, AgentMessage, CentreMessage, Hello, Welcome

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.reports import NodeConnected, NodeHolds
from bostan_scheduler.rpc.errors import NotAllowed, NotNow, NotTaken, NotUnderstood, TooMuch
from bostan_scheduler.rpc.gate import Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.session import NodeSession
from bostan_scheduler.rpc.sessions import Sessions
from bostan_scheduler.rpc.stream import Stream
from bostan_scheduler.rpc.translate.clock import BootClock
from bostan_scheduler.rpc.translate.hello import PROTOCOL_MAJOR, PROTOCOL_MINOR, node_connected
from bostan_scheduler.rpc.translate.ranks import node_holds
from bostan_scheduler.service.messages import OpenSession, SessionOpened
from bostan_scheduler.service.ports import Leader, LeaderUnavailable, Reader

SessionStream = Stream[AgentMessage, CentreMessage]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session and the leader make of a call."""

    session: NodeSession
    connected: NodeConnected
    holds: NodeHolds


@dataclass(frozen=True, slots=True)
class Reception:
    """Hears who calls, asks the leader, and welcomes."""

    reader: Reader
    leader: Leader
    sessions: Sessions
    clock: Callable[[], Instant]
    limits: LinkLimits
    notices: Notices
    blob_bytes_max: int

    async def hear(self, stream: SessionStream, guest: Guest) -> Opening:
        """The node's first words. Raises NotAllowed, NotNow, NotTaken, NotUnderstood, TooMuch."""
        try:
            async with asyncio.timeout(self.limits.hello_seconds):
                hello, arrived_at = await self._hello(stream)
                connected = _same_node(guest, node_connected(guest.park, hello, self.limits))
                holds = node_holds(connected.node_id, await self._actual(stream), self.limits)
        except TimeoutError:
            raise NotNow(f"no hello and actual set came within {self.limits.hello_seconds:g} s") from None
        await self._check_room(guest.park, connected.node_id)
        clock = BootClock(hello.boottime_ns, arrived_at)
        session = NodeSession(
            id=uuid.uuid4().hex,
            node_id=connected.node_id,
            journal_id=connected.journal_id,
            guest=guest,
            clock=clock,
            heard_at=arrived_at,
            limits=self.limits,
        )
        return Opening(session, connected, holds)

    async def open(self, stream: SessionStream, opening: Opening) -> None:
        """Ask the leader, and say welcome. Raises NotNow, NotTaken."""
        session = opening.session
        try:
            reply = await self.leader.ask(OpenSession(session.id, opening.connected, opening.holds))
        except LeaderUnavailable as error:
            raise NotNow(str(error)) from error
        if isinstance(reply, Refusal):
            raise NotTaken(f"{reply.detail}; {reply.remedy}" if reply.remedy else reply.detail)
        assert isinstance(reply, SessionOpened), f"a session was answered by {reply}"
        await stream.write(CentreMessage(welcome=self._welcome(session, reply)))
        # Also when it is not drained: an agent remembers that it was told so once.
        session.say_drain(reply.drain)

    def _welcome(self, session: NodeSession, opened: SessionOpened) -> Welcome:
        return Welcome(
            protocol_major=PROTOCOL_MAJOR,
            protocol_minor=PROTOCOL_MINOR,
            node_id=session.node_id,
            leader_epoch=opened.epoch,
            journal_acked_seq=opened.acked_seq,
            heartbeat_interval_ms=round(self.limits.heartbeat_seconds * 1000),
            message_bytes_max=self.limits.message_bytes_max,
            blob_bytes_max=self.blob_bytes_max,
        )

    async def _hello(self, stream: SessionStream) -> tuple[Hello, Instant]:
        message = await self._next(stream, "hello")
        return message.hello, self.clock()

    async def _actual(self, stream: SessionStream) -> ActualSet:
        return (await self._next(stream, "actual")).actual

    async def _next(self, stream: SessionStream, wanted: str) -> AgentMessage:
        """The next message of a kind that this release knows, which has to be the one that is due."""
        async for message in stream.messages():
            kind = message.WhichOneof("body")
            if kind == wanted:
                return message
            if kind is not None:
                raise NotUnderstood("session", f"{kind} came where {wanted} is due")
            self.notices.warn("message of an unknown kind ignored", "before the welcome")
        raise NotUnderstood("session", f"it ended where {wanted} is due")

    async def _check_room(self, park: str, node_id: str) -> None:
        """A park that invents nodes fills neither the store nor the leader's memory."""
        if await asyncio.to_thread(self.reader.node, node_id) is not None:
            return
        nodes = await asyncio.to_thread(self.reader.nodes, park)
        if len(nodes) >= self.limits.nodes_per_park_max:
            raise TooMuch(f"{park} has {len(nodes)} nodes, as many as a park may")


def _same_node(guest: Guest, connected: NodeConnected) -> NodeConnected:
    if guest.node_id not in (None, connected.node_id):
        raise NotAllowed(f"the call is of {guest.node_id}, its hello of {connected.node_id}")
    return connected
