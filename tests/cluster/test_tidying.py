"""What a front puts away: events past their time, in batches; and no trouble ends it."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from bostan_scheduler.cluster.tidying import Tidying, TidyLimits
from bostan_scheduler.files import Files
from bostan_scheduler.service.ports import Commit, NewEvent, StoreError
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.store import Store, open_store
from structlog.testing import capture_logs

DAY = 86_400_000
NOW = 1_800_000_000_000
LIMITS = TidyLimits(every_seconds=0.01, rest_seconds=0)


@pytest.fixture
def store() -> Store:
    """A store with ten events a day, on each of the last hundred days, today included."""
    store = open_store("memory:")
    epoch = store.lead("a", NOW)
    for day in range(99, -1, -1):
        at = NOW - day * DAY
        store.commit(Commit(epoch, at, events=(NewEvent(at, "park-added"),) * 10))
    return store


def tidying(folder: Path, store: Any, **limits: Any) -> Tidying:
    return Tidying(Files.open(folder), store, lambda: NOW, replace(LIMITS, **limits))


async def test_event_days(tmp_path: Path, store: Store) -> None:
    await tidying(tmp_path, store, event_days=CentreSettings().event_days).once()
    assert [one.event.at for one in store.events(0, 1)] == [NOW - 90 * DAY]
    await tidying(tmp_path, store, event_days=1).once()
    assert (len(store.events(0, 1000)), store.counts()["events"]) == (20, 1000)


async def test_a_pass_has_its_limit_and_the_next_one_goes_on(tmp_path: Path, store: Store) -> None:
    one = tidying(tmp_path, store, event_days=1, events_at_once=7, events_max=500)
    left = []
    for _ in range(3):
        await one.once()
        left.append(len(store.events(0, 1000)))
    assert left == [500, 20, 20]


@dataclass
class Moody:
    """A store that is away the first time, and says in what portions it was asked after that."""

    asked: list[int] = field(default_factory=list)

    def needed_archives(self) -> frozenset[str]:
        if not self.asked:
            self.asked.append(0)
            raise StoreError("the store is away")
        return frozenset()

    def forget_events(self, _before: int, limit: int) -> int:
        self.asked.append(limit)
        return limit


async def test_a_store_that_is_away_ends_nothing(tmp_path: Path) -> None:
    store = Moody()
    with capture_logs() as logs:
        running = asyncio.ensure_future(
            tidying(tmp_path, store, events_at_once=4, events_max=10).run(),
        )
        async with asyncio.timeout(5):
            while len(logs) < 2:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        running.cancel()
    assert [one["log_level"] for one in logs[:2]] == ["error", "info"]
    assert (store.asked[:4], logs[1]["events"]) == ([0, 4, 4, 2], 10)
