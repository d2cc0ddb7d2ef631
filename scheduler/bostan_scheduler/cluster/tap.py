"""A leader whose outboxes also wake those who watch events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bostan_scheduler.board import EventSignal
from bostan_scheduler.service.messages import Outbox, Reply, Request
from bostan_scheduler.service.ports import Leader


@dataclass(frozen=True, slots=True)
class TappedLeader:
    """Implements `Leader` over another one; `signal` hears of every outbox that passes."""

    leader: Leader
    signal: EventSignal

    async def ask(self, request: Request) -> Reply:
        """As the leader answers."""
        return await self.leader.ask(request)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Outbox]]:
        """What goes out; on entering, watchers look once for what went out before."""
        async with self.leader.subscribe() as outboxes:
            yield self._told(outboxes)

    async def _told(self, outboxes: AsyncIterator[Outbox]) -> AsyncIterator[Outbox]:
        async for outbox in outboxes:
            if outbox.events_up_to:
                self.signal.tell(outbox.events_up_to)
            yield outbox
