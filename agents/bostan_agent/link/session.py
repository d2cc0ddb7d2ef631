"""One session: hello, welcome, then reading, writing, heartbeats and the journal, until one of them ends."""

import asyncio
import random
import time
from typing import Protocol, TypeAlias

import grpc.aio
import structlog
from bostan_protos.v1.agent_link_pb2 import (
    ActualSet,
    AgentMessage,
    CentreMessage,
    DesiredSet,
    Drain,
    Heartbeat,
    Hello,
    JournalAck,
    Renew,
    Welcome,
)

from bostan_agent.journal import Journal
from bostan_agent.link.errors import JournalForked, LineLost, NodeRefused
from bostan_agent.link.outbox import Outbox
from bostan_agent.link.pump import Pump
from bostan_agent.settings import Settings
from bostan_agent.tasks import only_own_cancellation, until_one_fails

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0
_JITTER = 0.2

Call: TypeAlias = grpc.aio.StreamStreamCall[AgentMessage, CentreMessage]
_log = structlog.get_logger()


class Node(Protocol):
    """What a session says of this node, and whom it tells what the centre says. Only `prepare` waits."""

    async def prepare(self) -> None:
        """Find out what the hello must say."""
        ...

    def hello(self) -> Hello:
        """Who this node is; protocol and journal fields are the session's to fill."""
        ...

    def actual(self) -> ActualSet:
        """Every rank that this node knows of."""
        ...

    def heartbeat(self) -> Heartbeat:
        """How the node does now."""
        ...

    def welcomed(self, welcome: Welcome) -> None:
        """A session began."""
        ...

    def desired(self, desired: DesiredSet) -> None:
        """What the centre wants of ranks."""
        ...

    def renew(self, renew: Renew) -> None:
        """A lease goes on."""
        ...

    def drain(self, drain: Drain) -> None:
        """Whether to take new ranks."""
        ...


class Session:
    """A session over an open call."""

    def __init__(self, call: Call, node: Node, journal: Journal, settings: Settings) -> None:
        self._call = call
        self._node = node
        self._journal = journal
        self._settings = settings
        self._outbox = Outbox(settings.outbox_messages_max)
        self._heard = time.monotonic()
        self._pump: Pump | None = None

    async def open(self) -> Welcome:
        """Say hello and what runs here; wait for the welcome.

        Raises:
            LineLost, NodeRefused, JournalForked: as their names say.
        """
        await self._send(AgentMessage(hello=self._hello()))
        await self._send(AgentMessage(actual=self._node.actual()))
        try:
            async with asyncio.timeout(self._settings.welcome_seconds):
                welcome = await self._welcome()
        except TimeoutError:
            raise LineLost(f"no welcome within {self._settings.welcome_seconds:g} s") from None
        self._check(welcome)
        self._node.welcomed(welcome)
        return welcome

    async def serve(self, welcome: Welcome) -> None:
        """Go on until the line is lost.

        Raises:
            LineLost: always, in the end.
        """
        self._journal.ack(welcome.journal_acked_seq)
        self._pump = Pump(self._journal, self._outbox, self._settings, welcome)
        interval_seconds = welcome.heartbeat_interval_ms / 1000 or self._settings.heartbeat_seconds
        await until_one_fails(self._read(), self._write(), self._beat(interval_seconds), self._pump.run())

    def _hello(self) -> Hello:
        hello = self._node.hello()
        hello.protocol_major, hello.protocol_minor = PROTOCOL_MAJOR, PROTOCOL_MINOR
        hello.journal_id, hello.journal_last_seq = self._journal.journal_id, self._journal.last_seq
        hello.boottime_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return hello

    async def _welcome(self) -> Welcome:
        while True:
            message = await self._receive()
            if message.WhichOneof("body") == "welcome":
                return message.welcome
            _log.warning("message before the welcome ignored", body=message.WhichOneof("body"))

    def _check(self, welcome: Welcome) -> None:
        if welcome.protocol_major != PROTOCOL_MAJOR:
            raise NodeRefused(
                f"the centre speaks protocol {welcome.protocol_major}, this agent {PROTOCOL_MAJOR}: "
                "install the agent of the centre's release"
            )
        if welcome.journal_acked_seq > self._journal.last_seq:
            raise JournalForked(
                f"the centre has {welcome.journal_acked_seq} records of this journal, "
                f"which holds {self._journal.last_seq}: it is an old copy, and goes on under a new id"
            )

    async def _receive(self) -> CentreMessage:
        with only_own_cancellation(LineLost("the session was cut off")):
            message: CentreMessage = await self._call.read()
        if message is grpc.aio.EOF:
            raise LineLost("the centre ended the session")
        self._heard = time.monotonic()
        return message

    async def _read(self) -> None:
        while True:
            self._take(await self._receive())

    def _take(self, message: CentreMessage) -> None:
        match message.WhichOneof("body"):
            case "desired":
                self._node.desired(message.desired)
            case "journal_ack":
                self._acknowledged(message.journal_ack)
            case "renew":
                self._node.renew(message.renew)
            case "drain":
                self._node.drain(message.drain)
            case "heartbeat_reply":
                pass
            case body:
                _log.warning(
                    "message that this release does not know ignored", body=body, bytes=message.ByteSize()
                )

    def _acknowledged(self, ack: JournalAck) -> None:
        assert self._pump is not None, "nothing is read before the pump is made"
        if ack.journal_id != self._journal.journal_id:
            _log.warning("acknowledgement of another journal ignored", journal_id=ack.journal_id)
        elif ack.acked_seq > self._journal.last_seq:
            _log.warning("acknowledgement of records never sent ignored", acked_seq=ack.acked_seq)
        else:
            self._pump.acknowledged(ack.acked_seq)

    async def _write(self) -> None:
        while True:
            await self._send(await self._outbox.take())

    async def _send(self, message: AgentMessage) -> None:
        with only_own_cancellation(LineLost("the session was cut off")):
            await self._call.write(message)

    async def _beat(self, interval_seconds: float) -> None:
        # Jitter keeps the beats of many nodes, all woken by one restart of the centre, from marching in step.
        while True:
            await asyncio.sleep(interval_seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
            silence_seconds = time.monotonic() - self._heard
            if silence_seconds > self._settings.silence_seconds:
                raise LineLost(f"the centre was silent for {silence_seconds:.0f} s")
            if not self._outbox.offer(AgentMessage(heartbeat=self._node.heartbeat())):
                _log.warning("heartbeat left out: the line is slow")
