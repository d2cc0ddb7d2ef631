"""Forecasts for the people of one front: what is committed, frozen for some seconds, is played on elsewhere."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.foretold import Forecast, Unforeseen
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.service.forecasts import Asked
from bostan_scheduler.service.foresight import foresee
from bostan_scheduler.service.ports import JobFilter, LeadershipLost, Reader, StoreError, Writer
from bostan_scheduler.sim.forecast.case import ASKED, Case, frozen, with_job
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.past import Past
from bostan_scheduler.sim.forecast.play import Start, forecast, unforeseeable

log = structlog.get_logger()

KEEP_SECONDS = 10.0
"""How long one frozen snapshot, and what was foretold from it, is good enough."""
PAST_JOBS = 500
WAITING_MAX = 8
"""Who asks while so many others wait is told to come back."""
TRIES = 3

Play = Callable[[Case, Sequence[Sequence[int]], ForecastLimits], Awaitable[list[Start]]]
"""Plays the futures of these seeds, a group in each of several processes; ends what takes longer than it may."""


class Store(Reader, Writer, Protocol):
    """Both sides of a store; nothing is written."""


@dataclass(slots=True)
class Frozen:
    """What everything is foretold from until it is too old."""

    snapshot: Snapshot
    past: Past
    at_monotonic: float
    told: dict[Asked, Forecast] = field(default_factory=dict)


@dataclass(slots=True)
class Forecasts:
    """Implements `Forecaster`: one forecast at a time, the same question answered once for each frozen snapshot."""

    store: Store
    settings: Settings
    clock: Callable[[], Instant]
    limits: ForecastLimits
    play: Play
    tasks: int = 1
    _frozen: Frozen | None = None
    _waiting: int = 0
    _one: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def forecast(self, asked: Asked) -> Forecast:
        """When it will probably start. Whoever asks the same meanwhile gets the same answer."""
        if self._waiting >= WAITING_MAX:
            return Unforeseen.BUSY
        self._waiting += 1
        try:
            return await self._told(asked)
        finally:
            self._waiting -= 1

    async def _told(self, asked: Asked) -> Forecast:
        async with self._one:
            kept = await self._lately(asked)
            told = kept.told.get(asked)
            if told is None:
                told = kept.told[asked] = await self._made(kept, asked)
            return told

    async def _lately(self, asked: Asked) -> Frozen:
        """What is kept, unless it is too old or the job has come since."""
        kept = self._frozen
        old = kept is None or time.monotonic() - kept.at_monotonic > KEEP_SECONDS
        if kept is None or old or (isinstance(asked, str) and asked not in kept.snapshot.jobs):
            snapshot, past = await asyncio.to_thread(self._read)
            kept = self._frozen = Frozen(snapshot, past, time.monotonic())
        return kept

    def _read(self) -> tuple[Snapshot, Past]:
        """All that is committed, with the standing reserves of parks as far ahead as a plan sees them."""
        snapshot = self._load()
        past = Past.of(self.store.jobs(JobFilter(), None, PAST_JOBS))
        return frozen(apply_all(snapshot, foresee(snapshot))), past

    def _load(self) -> Snapshot:
        for _ in range(TRIES):
            try:
                return self.store.load(self.store.epoch(), self.settings, self.clock())
            except LeadershipLost:  # another leader took over between the two questions
                continue
        raise StoreError("the leader changed again and again while the store was read")

    async def _made(self, kept: Frozen, asked: Asked) -> Forecast:
        case = _case(kept, asked)
        no = await asyncio.to_thread(unforeseeable, case, self.limits)
        if no is not None:
            return no
        began = time.monotonic()
        starts = await self.play(case, _groups(self.limits.samples, self.tasks), self.limits)
        told = forecast(case, starts, self.limits)
        log.info("forecast", job=case.job_id, futures=len(starts), seconds=round(time.monotonic() - began, 2))
        return told


def _case(kept: Frozen, asked: Asked) -> Case:
    if isinstance(asked, str):
        return Case(kept.snapshot, kept.past, asked)
    return Case(with_job(kept.snapshot, asked), kept.past, ASKED)


def _groups(samples: int, tasks: int) -> list[range]:
    """Seeds for each task, as evenly as can be."""
    return [range(first, samples, tasks) for first in range(min(tasks, samples))]
