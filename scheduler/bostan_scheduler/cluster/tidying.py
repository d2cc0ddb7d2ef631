"""What a front puts away once an hour: files, and events past their time. The leader has no part in it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bostan_scheduler.core.instant import DAY_SECONDS, Instant, after
from bostan_scheduler.files import Files
from bostan_scheduler.service.ports import Reader, StoreError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TidyLimits:
    """How often, and how much at one time. Commits wait while a batch of events goes, and never for two in a row."""

    every_seconds: float = 3600.0
    event_days: int = 90
    events_at_once: int = 500
    events_max: int = 500_000
    """Events that one pass removes."""
    rest_seconds: float = 0.05
    """Between two batches."""


@dataclass(frozen=True, slots=True)
class Tidying:
    """The passes of one front; those of several do each other no harm."""

    files: Files
    reader: Reader
    clock: Callable[[], Instant]
    limits: TidyLimits

    async def run(self) -> None:
        """Pass after pass. What fails is told, and tried again in the next."""
        while True:
            try:
                await self.once()
            except (OSError, StoreError):
                log.exception("files or events could not be put away; tried again later")
            await asyncio.sleep(self.limits.every_seconds)

    async def once(self) -> None:
        """One pass."""
        # Files have the times of the machine, events those of the centre.
        removed = await asyncio.to_thread(self.files.tidy, time.time(), self.reader.needed_archives)
        events = await self._forget_events()
        log.info(
            "put away",
            archives=removed.archives,
            archive_bytes=removed.size_bytes,
            events=events,
        )

    async def _forget_events(self) -> int:
        limits, removed = self.limits, 0
        before = after(self.clock(), -limits.event_days * DAY_SECONDS)
        while removed < limits.events_max:
            batch = min(limits.events_at_once, limits.events_max - removed)
            gone = await asyncio.to_thread(self.reader.forget_events, before, batch)
            removed += gone
            if gone < batch:
                break
            await asyncio.sleep(limits.rest_seconds)
        return removed
