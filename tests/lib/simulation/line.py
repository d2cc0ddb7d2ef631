"""The wide-area line and the front at its end: messages are lost, late, doubled and out of order, both ways."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.desired import DesiredRank, WantOffer, WantRelease, WantStart, WantStop
from bostan_scheduler.core.reports import NodeConnected, NodeHolds, NodesHeard, RankReported
from bostan_scheduler.service.messages import (
    Journal,
    JournalAcked,
    OpenSession,
    Outbox,
    Reply,
    Request,
    SessionOpened,
    Tell,
)

from simulation.world import SECOND, World

if TYPE_CHECKING:
    from simulation.node import ModelNode

Ask = Callable[[Request, Callable[[Reply | None], None]], None]


@dataclass(eq=False)
class Session:
    """One session, as its two ends keep it. `stamp` is the newest of the node's boot clock, arrived at `stamp_wall`."""

    node_id: str
    journal_id: str
    node: "ModelNode"
    heard: int
    sent: int
    progress: int = 0
    welcome: bool = False
    id: str = ""
    stamp: int = 0
    stamp_wall: int = 0
    heard_wall: int = 0
    closed: bool = False

    def deadline(self, until: int) -> int:
        """An instant of the centre in terms of the node's boot clock: never later there than here."""
        return self.stamp + max(until - self.stamp_wall, 1)


@dataclass(eq=False)
class Line:
    """All lines, and the front. `ask` brings a request to the leader, `wall` is the centre's clock."""

    world: World
    ask: Ask
    wall: Callable[[], int]
    centre_epoch: int
    silence_ms: int
    cut: set[str] = field(default_factory=set)
    expected: dict[str, Session] = field(default_factory=dict)
    open: dict[str, Session] = field(default_factory=dict)
    count: int = 0
    told_at: int = 0

    def __post_init__(self) -> None:
        self.world.every(5 * SECOND, self._tells_heard)

    def _carries(self, session: Session, deliver: Callable[[], None]) -> None:
        """Bring a message over, perhaps; a cut loses what is sent and what would arrive."""
        weather, world = self.world.weather, self.world
        for _ in range(2 if world.happens(weather.double) else 1):
            if session.node_id not in self.cut and not world.happens(weather.loss):
                late = weather.delay_ms_max if world.happens(0.1) else 100
                world.after(world.chance.uniform(1, late), lambda: self._arrives(session, deliver))

    def _arrives(self, session: Session, deliver: Callable[[], None]) -> None:
        if session.node_id not in self.cut:
            deliver()

    def _to_node(self, session: Session, deliver: Callable[[], None]) -> None:
        def arrived() -> None:
            if session.node.session is session and session.node.agent is not None:
                session.heard = self.world.now
                deliver()

        self._carries(session, arrived)

    def _to_centre(self, session: Session, deliver: Callable[[], None]) -> None:
        def arrived() -> None:
            if not session.closed:
                session.heard_wall = self.wall()
                deliver()

        self._carries(session, arrived)

    # What agents say -----------------------------------------------------------------------------

    def opens(self, session: Session, hello: NodeConnected, holds: NodeHolds, boot_now: int) -> None:
        """An agent dials."""
        self.count += 1
        number = f"session-{self.count}"

        def arrived() -> None:
            session.id, session.stamp, session.stamp_wall = number, boot_now, self.wall()
            self.expected[number] = session
            self.ask(OpenSession(number, hello, holds), lambda reply: self._opened(session, reply))

        self._to_centre(session, arrived)

    def _opened(self, session: Session, reply: Reply | None) -> None:
        if isinstance(reply, SessionOpened):
            acked = reply.acked_seq
            draining = reply.drain is not None
            self._to_node(session, lambda: session.node.welcomed(session, acked))
            self._to_node(session, lambda: self._drains(session, draining))
        else:
            self._close(session)

    def beats(self, session: Session, boot_now: int) -> None:
        """A heartbeat with the node's own stamp, which the front echoes."""

        def arrived() -> None:
            if boot_now > session.stamp:
                session.stamp, session.stamp_wall = boot_now, self.wall()
            self._to_node(session, lambda: None)

        self._to_centre(session, arrived)

    def sends_journal(self, session: Session, records: tuple[tuple[int, RankReported], ...]) -> None:
        """Records of the journal, to be acknowledged."""
        request = Journal(session.id, session.node_id, session.journal_id, records)

        def answered(reply: Reply | None) -> None:
            if isinstance(reply, JournalAcked):
                acked = reply.acked_seq
                self._to_node(session, lambda: session.node.acked(session, acked))
            else:
                self._close(session)

        self._to_centre(session, lambda: self.ask(request, answered))

    def _tells_heard(self) -> None:
        for session in tuple(self.open.values()):
            if self.wall() - session.heard_wall > self.silence_ms:
                self._close(session)
        heard = [(one.node_id, one.heard_wall) for one in self.open.values() if one.heard_wall > self.told_at]
        if heard:
            self.told_at = self.wall()
            self.ask(Tell(NodesHeard(tuple(heard))), lambda reply: None)

    # What the centre says ------------------------------------------------------------------------

    def send(self, outbox: Outbox) -> None:
        """Bring an outbox to the sessions that it is for."""
        for node_id, session_id in outbox.sessions:
            older, newest = self.open.pop(node_id, None), self.expected.pop(session_id, None)
            if older is not None and older is not newest:
                self._close(older)
            if newest is not None and not newest.closed:
                self.open[node_id] = newest
        for wanted in outbox.desired:
            session = self.open.get(wanted.node_id)
            for rank in wanted.ranks if session is not None else ():
                self._wants(session, rank)
        for renewal in outbox.renewals:
            session = self.open.get(renewal.node_id)
            fence = Fencing(renewal.fencing_epoch, renewal.fencing_counter)
            for number in renewal.ranks if session is not None else ():
                self._renews(session, (renewal.attempt_id, number), fence, renewal.until)
        for node_id, drain in outbox.drains:
            session = self.open.get(node_id)
            if session is not None:
                self._to_node(session, lambda one=session, on=drain is not None: self._drains(one, on))  # type: ignore[misc]

    def _wants(self, session: Any, rank: DesiredRank) -> None:
        deadline: int | None = None
        match rank.want:
            case WantOffer(lapses_at=until) | WantStart(lease_until=until) | WantStop(lease_until=until):
                deadline = session.deadline(until)
            case WantRelease():
                pass
        key = (rank.attempt_id, rank.rank)
        self.world.say(f"to {session.node_id} {key} {type(rank.want).__name__} until {deadline}")
        self._to_node(session, lambda: session.node.agent.wants(key, rank.fencing, rank.want, deadline))

    def _renews(self, session: Any, key: tuple[str, int], fence: Fencing, until: int) -> None:
        deadline = session.deadline(until)
        self._to_node(session, lambda: session.node.agent.renew(key, fence, deadline))

    def _drains(self, session: Session, draining: bool) -> None:
        if session.node.agent is not None:
            session.node.agent.draining = draining

    def leader_is_gone(self) -> None:
        """Without outboxes there are no sessions: each starts from a full set."""
        for session in (*self.open.values(), *self.expected.values()):
            self._close(session)
        self.expected.clear()

    def _close(self, session: Session) -> None:
        if not session.closed:
            session.closed = True
            self.expected.pop(session.id, None)
            if self.open.get(session.node_id) is session:
                del self.open[session.node_id]
            self._to_node(session, lambda: session.node.closed(session))
