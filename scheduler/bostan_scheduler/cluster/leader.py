"""The leader actor: one writer in a process of its own, restarted by Ray when it dies.

The store is loaded in that process alone: `serve` only needs to name the actor.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import structlog

from bostan_scheduler.cluster.process import prepare
from bostan_scheduler.garbage import collect_seldom
from bostan_scheduler.service.clock import CentreClock
from bostan_scheduler.service.local import LocalLeader
from bostan_scheduler.service.messages import Outbox, Reply, Request
from bostan_scheduler.service.writer import Service
from bostan_scheduler.settings import CentreSettings

log = structlog.get_logger()

POLL_SECONDS = 10.0


class Leader:
    """What runs in the leader's process. A failure of the store ends the process, so that a new leader loads anew."""

    def __init__(self, settings: str, clock: CentreClock) -> None:
        self._settings = CentreSettings.model_validate_json(settings)
        prepare(self._settings, "leader")
        self._clock = clock
        self._leader: LocalLeader | None = None
        self._running: asyncio.Task[None] | None = None
        self._readers: dict[str, _Reader] = {}

    async def exchange(self, requests: Sequence[Request]) -> list[Reply | str]:
        """Answer a batch; a request that could not be taken in is answered by the reason, in words."""
        leader = self._leading()
        answers = await asyncio.gather(*(leader.ask(one) for one in requests), return_exceptions=True)
        return [str(one) if isinstance(one, BaseException) else one for one in answers]

    async def subscribe(self, reader_id: str) -> int:
        """From now on keep what goes out for this reader. The epoch, which changes with the leader."""
        leader = self._leading()
        reader = _Reader()
        await reader.enter(leader)
        self._readers[reader_id] = reader
        return leader.service.snapshot.epoch

    async def outboxes(self, reader_id: str) -> list[Outbox] | None:
        """What has gone out since the last call, at the latest after some seconds; None when there is no more."""
        reader = self._readers.get(reader_id)
        if reader is None:
            return None
        batch = await reader.next_batch()
        if batch is None:
            await self.unsubscribe(reader_id)
        return batch

    async def unsubscribe(self, reader_id: str) -> None:
        """Keep nothing more for this reader."""
        reader = self._readers.pop(reader_id, None)
        if reader is not None:
            await reader.leave()

    async def pid(self) -> int:
        """The process that leads; answers once it does."""
        self._leading()
        return os.getpid()

    async def stop(self) -> None:
        """Lead no more. Fronts have stopped before: what was acknowledged is committed."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def _leading(self) -> LocalLeader:
        """Take the leadership at the first call: only then is there an event loop to step in."""
        if self._leader is None:
            from bostan_scheduler.decisions.log import FileDecisionLog
            from bostan_scheduler.store import open_store

            store = open_store(self._settings.store_url, self._settings.store_settings(), migrate=True)
            core = self._settings.core_settings()
            decisions = FileDecisionLog(
                self._settings.data_dir / "decisions", self._settings.decision_limits()
            )
            service = Service.start(store, core, self._clock(), f"pid {os.getpid()}", decisions)
            collect_seldom()
            self._leader = LocalLeader(service, self._clock, pace=self._settings.pace())
            log.info("leading", epoch=service.snapshot.epoch, jobs=len(service.snapshot.jobs))
            self._running = asyncio.get_running_loop().create_task(self._run(self._leader))
        return self._leader

    async def _run(self, leader: LocalLeader) -> None:
        try:
            await leader.run()
        except asyncio.CancelledError:
            log.info("the leader stops")
        except BaseException:
            log.exception("the leader ends; a new one will load what is committed")
            os._exit(1)


class _Reader:
    """One front's place in what goes out."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._next: asyncio.Task[Outbox | None] | None = None

    async def enter(self, leader: LocalLeader) -> None:
        self._outboxes: AsyncIterator[Outbox] = await self._stack.enter_async_context(leader.subscribe())

    async def leave(self) -> None:
        if self._next is not None:
            self._next.cancel()
        await self._stack.aclose()

    async def next_batch(self) -> list[Outbox] | None:
        """Waits for one, then takes all that are there. A wait that times out loses nothing: it is taken up again."""
        first = await self._wait(POLL_SECONDS)
        if first is None:
            return None if self._ended() else []
        batch = [first]
        while (more := await self._wait(0)) is not None:
            batch.append(more)
        return batch

    def _ended(self) -> bool:
        return self._next is not None and self._next.done() and self._next.result() is None

    async def _wait(self, seconds: float) -> Outbox | None:
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._outboxes, None))
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        if not done or self._next.result() is None:
            return None
        outbox, self._next = self._next.result(), None
        return outbox
