"""The sessions of this front: of each node the newest, and what goes out to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.rpc.errors import LinkError, NotNow, Replaced, TooMuch
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.offered import Offered
from bostan_scheduler.rpc.session import NodeSession
from bostan_scheduler.service.messages import Outbox


@dataclass(slots=True)
class Sessions:
    """A session is expected from before the leader is asked, so that nothing that is sent to it is missed; it is open
    when the leader has said in an outbox that it is its node's newest. What is sent before that is for the one before.
    """

    limits: LinkLimits
    clock: Callable[[], Instant]
    offered: Offered
    listening: bool = False
    """Whether outboxes arrive; without, nothing would tell a new session what is wanted."""
    _expected: dict[str, NodeSession] = field(default_factory=dict)
    _open: dict[str, NodeSession] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._expected) + len(self._open)

    def __iter__(self) -> Iterator[NodeSession]:
        yield from tuple(self._expected.values())
        yield from tuple(self._open.values())

    def expect(self, session: NodeSession) -> None:
        """The leader is about to be asked to open it. Raises NotNow, TooMuch."""
        if not self.listening:
            raise NotNow("the centre has no leader at the moment")
        if len(self) >= self.limits.sessions_max:
            raise TooMuch(f"this front has {len(self)} sessions, as many as it may")
        self._expected[session.id] = session

    def leave(self, session: NodeSession) -> None:
        """It is over."""
        self._expected.pop(session.id, None)
        if self._open.get(session.node_id) is session:
            del self._open[session.node_id]

    def is_open(self, node_id: str) -> bool:
        """Whether a node has its newest session here."""
        return node_id in self._open

    def send(self, outbox: Outbox) -> None:
        """Bring an outbox to the sessions that it is for; the others have theirs at another front."""
        for node_id, session_id in outbox.sessions:
            self._open_newest(node_id, session_id)
        for wanted in outbox.desired:
            if (session := self._open.get(wanted.node_id)) is not None:
                self.offered.note(session.guest.park, wanted)
                session.say_desired(wanted)
        for renewal in outbox.renewals:
            if (session := self._open.get(renewal.node_id)) is not None:
                session.say_renewal(renewal)
        for node_id, drain in outbox.drains:
            if (session := self._open.get(node_id)) is not None:
                session.say_drain(drain)

    def _open_newest(self, node_id: str, session_id: str) -> None:
        older = self._open.pop(node_id, None)
        if older is not None:
            older.close(Replaced("a newer session of this node is open; do two agents share its name?"))
        newest = self._expected.pop(session_id, None)
        if newest is not None:
            self._open[node_id] = newest

    def heard_since(self, instant: Instant) -> tuple[tuple[str, Instant], ...]:
        """The nodes that were heard after `instant`, and when last."""
        return tuple((node_id, one.heard_at) for node_id, one in self._open.items() if one.heard_at > instant)

    def close_silent(self) -> None:
        """Close those in which nothing was heard for too long."""
        seconds = self.limits.silence_seconds
        silent_before = after(self.clock(), 0) - int(seconds * 1000)
        for session in self:
            if session.heard_at < silent_before:
                session.close(NotNow(f"nothing was heard from this node for {seconds:g} s"))

    def close_all(self, why: LinkError) -> None:
        """Close every session."""
        for session in self:
            session.close(why)
