"""Work that goes on beside the rest. A failure that nobody expected ends the agent; its ranks run on without it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bostan_agent.tasks import cancelled

_log = structlog.get_logger()


class Crew:
    """The agent's background tasks."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run `work` beside the rest; it may be cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    async def close(self) -> None:
        """Cancel all that still runs."""
        await cancelled(*self._tasks)
        if not self.failed.done():
            self.failed.cancel()

    def _over(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self.failed.done():
            _log.error("the agent cannot go on", error=repr(error), exc_info=error)
            self.failed.set_exception(error)
