"""One node's session as the front keeps it: what waits to be said to the node, and when it was last heard."""

import asyncio
from dataclasses import dataclass, field

import structlog
from bostan_protos.v1.agent_link_pb2 import CentreMessage

from bostan_scheduler.core.desired import DesiredRank, DesiredSet
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.node import Drain
from bostan_scheduler.rpc.errors import LinkError, TooMuch
from bostan_scheduler.rpc.gate import Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.clock import BootClock
from bostan_scheduler.rpc.translate.desired import desired_messages, drain_message, renew_messages
from bostan_scheduler.rpc.translate.journal import Entry
from bostan_scheduler.service.messages import Renewal

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class NodeSession:
    """A session; `closed` tells why it is over. Nothing here waits for the node."""

    id: str
    node_id: str
    journal_id: str
    guest: Guest
    clock: BootClock
    heard_at: Instant
    limits: LinkLimits
    outbox: asyncio.Queue[CentreMessage] = field(init=False)
    records: asyncio.Queue[tuple[Entry, ...]] = field(init=False)
    closed: asyncio.Future[LinkError] = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = asyncio.Queue(self.limits.outbox_messages_max)
        self.records = asyncio.Queue(self.limits.journal_waiting_max)
        self.closed = asyncio.get_running_loop().create_future()

    def close(self, why: LinkError) -> None:
        """End the session. The first reason stands."""
        if not self.closed.done():
            self.closed.set_result(why)

    def say(self, message: CentreMessage) -> None:
        """Queue a message. A node that does not read loses its session, and gets everything anew in the next."""
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.close(TooMuch(f"{self.outbox.maxsize} messages wait to be read by this node"))

    def say_desired(self, wanted: DesiredSet) -> None:
        """Say what is wanted of the node's ranks."""
        for message in desired_messages(wanted, self.clock, self.limits.message_bytes_max // 2, self._unsaid):
            self.say(message)

    def say_renewal(self, renewal: Renewal) -> None:
        """Say that leases go on."""
        for message in renew_messages(renewal, self.clock):
            self.say(message)

    def say_drain(self, drain: Drain | None) -> None:
        """Say whether to take anything new."""
        self.say(drain_message(drain))

    async def next_records(self) -> tuple[Entry, ...]:
        """What has come of the journal since the last time, together; waits until there is something."""
        entries = await self.records.get()
        while not self.records.empty() and len(entries) < self.limits.journal_records_max:
            entries += self.records.get_nowait()
        return entries

    def _unsaid(self, rank: DesiredRank, error: Exception) -> None:
        log.error(
            "no message can say this to the node; its offer will lapse",
            node=self.node_id,
            attempt=rank.attempt_id,
            rank=rank.rank,
            why=str(error),
        )
