"""What the leader sends out, brought to the sessions; and what the front tells the leader in turn, once for all of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.reports import NodesHeard
from bostan_scheduler.rpc.errors import LinkError, NotNow
from bostan_scheduler.rpc.gate import Gate, Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.sessions import Sessions
from bostan_scheduler.service.messages import Outbox, Tell
from bostan_scheduler.service.ports import Leader, LeaderUnavailable

log = structlog.get_logger()

_FIRST_WAIT_SECONDS = 0.1


@dataclass(slots=True)
class Pump:
    """Subscribes to the leader's outboxes. While it does not, there are no sessions: each starts from a full set."""

    leader: Leader
    sessions: Sessions
    limits: LinkLimits
    on_events: Callable[[int], None]
    _failures: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self.leader.subscribe() as outboxes:
                    await self._pass_on(outboxes)
            except LeaderUnavailable as error:
                log.warning("no outboxes from the leader", why=str(error))
            await asyncio.sleep(self._wait_seconds())
            self._failures += 1

    async def _pass_on(self, outboxes: AsyncIterator[Outbox]) -> None:
        self.sessions.listening = True
        try:
            async for outbox in outboxes:
                self._failures = 0
                self.sessions.send(outbox)
                if outbox.events_up_to:
                    self.on_events(outbox.events_up_to)
        finally:
            self.sessions.listening = False
            self.sessions.close_all(NotNow("the centre's leader has changed; dial again"))
        log.info("the leader has changed, or this front was too slow: sessions are opened anew")

    def _wait_seconds(self) -> float:
        bound_seconds = _FIRST_WAIT_SECONDS * 2 ** min(self._failures, 30)
        return random.uniform(0, min(bound_seconds, self.limits.resubscribe_seconds_max))  # noqa: S311


@dataclass(slots=True)
class Watch:
    """Looks at all sessions from time to time: who was heard, who is silent, whose token is no longer in force."""

    leader: Leader
    sessions: Sessions
    gate: Gate
    clock: Callable[[], Instant]
    limits: LinkLimits
    _told_at: Instant = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.limits.heard_seconds)
            self.sessions.close_silent()
            await self._close_unwelcome()
            await self._tell_heard()

    async def _tell_heard(self) -> None:
        now = self.clock()
        heard = self.sessions.heard_since(self._told_at)
        if not heard:
            return
        try:
            await self.leader.ask(Tell(NodesHeard(heard)))
        except LeaderUnavailable as error:
            log.warning("the leader could not be told who was heard", why=str(error))
            return
        self._told_at = now

    async def _close_unwelcome(self) -> None:
        """An open session outlives its token, unless somebody looks."""
        guests = {session.guest for session in self.sessions}
        unwelcome = {guest: why for guest in guests if (why := await self._objection(guest)) is not None}
        for session in self.sessions:
            if session.guest in unwelcome:
                session.close(unwelcome[session.guest])

    async def _objection(self, guest: Guest) -> LinkError | None:
        try:
            await self.gate.check(guest.token_sha256)
        except LinkError as error:
            return error
        return None
