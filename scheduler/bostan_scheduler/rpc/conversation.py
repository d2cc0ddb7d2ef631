"""What goes on in an open session: heartbeats are answered at once, the journal goes to the leader, outboxes go out."""

from collections.abc import Callable
from dataclasses import dataclass

from bostan_protos.v1.agent_link_pb2 import (
    AgentMessage,
    CentreMessage,
    Heartbeat,
    HeartbeatReply,
    JournalAck,
    JournalRecords,
)

from bostan_scheduler.board import Telemetry
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.rpc.arrived import Arrived
from bostan_scheduler.rpc.errors import NotNow, NotUnderstood, Replaced, TooMuch
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.opening import SessionStream
from bostan_scheduler.rpc.rate import Rate
from bostan_scheduler.rpc.session import NodeSession
from bostan_scheduler.rpc.stream import until_one_ends
from bostan_scheduler.rpc.translate.journal import Entry, entries
from bostan_scheduler.rpc.translate.telemetry import readings
from bostan_scheduler.service.messages import Journal, JournalAcked, SessionReplaced
from bostan_scheduler.service.ports import Leader, LeaderUnavailable


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom the sessions of a front talk to."""

    leader: Leader
    board: Telemetry
    arrived: Arrived
    clock: Callable[[], Instant]
    limits: LinkLimits
    notices: Notices


class Conversation:
    """One session's talk, until the agent ends it or something is wrong."""

    def __init__(self, desk: Desk, session: NodeSession, stream: SessionStream) -> None:
        self._desk = desk
        self._session = session
        self._stream = stream
        self._beats = Rate(desk.limits.beats_burst_max, desk.limits.beats_per_second_max)

    async def run(self) -> None:
        """Raises the `LinkError` that ended it; returns when the agent did."""
        await until_one_ends(self._until_closed(), self._read(), self._write(), self._take_journal())

    async def _until_closed(self) -> None:
        raise await self._session.closed

    async def _read(self) -> None:
        async for message in self._stream.messages():
            self._session.heard_at = self._desk.clock()
            await self._hear(message)

    async def _hear(self, message: AgentMessage) -> None:
        match message.WhichOneof("body"):
            case "journal":
                await self._session.records.put(self._entries(message.journal))
            case "heartbeat":
                self._in_time()
                self._answer(message.heartbeat)
            case None:
                self._in_time()
                self._unknown("a message of a kind that this release does not know")
            case kind:
                raise NotUnderstood("session", f"{kind} belongs to its beginning")

    def _in_time(self) -> None:
        if not self._beats.step():
            raise TooMuch(f"more than {self._desk.limits.beats_per_second_max:g} heartbeats a second")

    def _answer(self, heartbeat: Heartbeat) -> None:
        session, stamp = self._session, heartbeat.boottime_ns
        session.clock.hear(stamp, session.heard_at, "heartbeat.boottime_ns")
        session.say(CentreMessage(heartbeat_reply=HeartbeatReply(echoed_boottime_ns=stamp)))
        if heartbeat.gpus:
            self._desk.board.put(session.node_id, session.heard_at, readings(heartbeat, self._desk.limits))

    def _entries(self, message: JournalRecords) -> tuple[Entry, ...]:
        session = self._session
        if message.journal_id != session.journal_id:
            raise NotUnderstood("journal.journal_id", "it is not the one that the hello named")
        return entries(session.node_id, message, session.heard_at, self._desk.limits, self._unknown)

    def _unknown(self, what: str) -> None:
        self._desk.notices.warn("ignored", self._session.node_id, what=what)

    async def _write(self) -> None:
        while True:
            await self._stream.write(await self._session.outbox.get())

    async def _take_journal(self) -> None:
        while True:
            records = await self._session.next_records()
            self._session.say(CentreMessage(journal_ack=await self._acknowledged(records)))

    async def _acknowledged(self, records: tuple[Entry, ...]) -> JournalAck:
        session = self._session
        checked = self._desk.arrived.checked(session.guest.park, records)
        try:
            reply = await self._desk.leader.ask(
                Journal(session.id, session.node_id, session.journal_id, checked)
            )
        except LeaderUnavailable as error:
            # Whether it was taken in is not known; the agent says it again in its next session, at no harm.
            raise NotNow(str(error)) from error
        if isinstance(reply, SessionReplaced):
            raise Replaced("a newer session of this node is open; do two agents share its name?")
        assert isinstance(reply, JournalAcked), f"a journal was answered by {reply}"
        return JournalAck(journal_id=reply.journal_id, acked_seq=reply.acked_seq)
