"""A leader in this process: every limit of its pace is reached, and its end is told to all who wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.reports import ParkAdded
from bostan_scheduler.core.snapshot import Park, Settings
from bostan_scheduler.service.local import LocalLeader, Pace
from bostan_scheduler.service.messages import (
    AskHeard,
    AskWhy,
    Done,
    HeardAnswer,
    Outbox,
    Reply,
    Request,
    Step,
    Tell,
)
from bostan_scheduler.service.ports import LeaderUnavailable
from bostan_scheduler.service.writer import Service
from bostan_scheduler.store import open_store
from worlds import NOW


class Counted(Service):
    """A service that remembers the sizes of its batches and how often it has planned."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.batches: list[int] = []
        self.plans = 0
        self.whys = 0

    def why(self, asked: AskWhy) -> Reply:
        self.whys += 1
        return super().why(asked)

    def intake(self, now: Instant, requests: Sequence[Request]) -> Step:
        self.batches.append(len(requests))
        return super().intake(now, requests)

    def plan(self, now: Instant) -> Step:
        self.plans += 1
        return super().plan(now)


def leading(**pace: Any) -> tuple[LocalLeader, Counted]:
    service = Counted.start(open_store("memory:"), Settings(), NOW, "test")
    return LocalLeader(service, clock=lambda: NOW, pace=Pace(**pace)), service


@asynccontextmanager
async def running(leader: LocalLeader) -> AsyncIterator[LocalLeader]:
    task = asyncio.ensure_future(leader.run())
    try:
        yield leader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def park(name: str) -> Tell:
    return Tell(ParkAdded(Park(name), "admin"))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)


async def test_batch_max() -> None:
    leader, service = leading(batch_max=4)
    asked = [asyncio.ensure_future(leader.ask(AskHeard())) for _ in range(10)]
    await asyncio.sleep(0)
    async with running(leader):
        assert await asyncio.gather(*asked) == [HeardAnswer(())] * 10
    assert service.batches == [4, 4, 2]


async def test_waiting_max() -> None:
    leader, _ = leading(waiting_max=2)
    asked = [asyncio.ensure_future(leader.ask(AskHeard())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LeaderUnavailable, match="full"):
        await leader.ask(AskHeard())
    async with running(leader):
        await asyncio.gather(*asked)


async def test_outboxes_max_ends_a_reader_that_is_too_slow_and_no_other() -> None:
    leader, _ = leading(outboxes_max=3)
    async with running(leader), leader.subscribe() as slow, leader.subscribe() as quick:
        seen: list[Outbox] = []
        for number in range(5):
            assert await leader.ask(park(f"p{number}")) == Done()
            seen.append(await anext(quick))
        assert len(seen) == 5
        assert len([outbox async for outbox in slow]) == 2, "it ends, after what was there for it"


async def test_tick_seconds_lets_time_pass_with_nothing_asked() -> None:
    leader, service = leading(tick_seconds=0.02)
    async with running(leader):
        await until(lambda: service.plans >= 5)


async def test_plan_gap_seconds_max_bounds_the_wait_for_a_plan() -> None:
    leader, service = leading(tick_seconds=60, plan_gap_seconds_max=0.02, gap_per_plan_second=1e9)
    async with running(leader):
        for number in range(1, 4):
            await leader.ask(park(f"p{number}"))
            await until(lambda: not service.replans)
            assert service.plans >= number


async def test_the_end_is_told_to_all_who_wait() -> None:
    leader, _ = leading(tick_seconds=60)
    async with leader.subscribe() as outboxes:
        async with running(leader):
            await until(lambda: not leader.service.replans)
        with pytest.raises(LeaderUnavailable, match="has ended"):
            await leader.ask(AskHeard())
        assert [one async for one in outboxes] == []


WHY = AskWhy("j1", in_full=True)
"""Of a job that nobody knows: the answer is a refusal, which says that it was looked for."""


async def test_questions_max() -> None:
    leader, _ = leading(questions_max=2)
    asked = [asyncio.ensure_future(leader.ask(WHY)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LeaderUnavailable, match="too many ask why"):
        await leader.ask(WHY)
    async with running(leader):
        assert await leader.ask(AskHeard()) == HeardAnswer(()), "others are answered"
        assert [type(one) for one in await asyncio.gather(*asked)] == [Refusal, Refusal]


async def test_after_a_question_there_is_time_for_all_else_before_the_next() -> None:
    leader, service = leading(tick_seconds=0.005, plan_gap_seconds_max=0.001, gap_per_question_second=1e9)
    async with running(leader):
        await leader.ask(WHY)
        asked = asyncio.ensure_future(leader.ask(WHY))
        plans = service.plans
        for number in range(3):
            await leader.ask(park(f"p{number}"))
        await until(lambda: service.plans >= plans + 3)
        assert not asked.done(), "it waits for its turn, and holds up neither news nor plans"
    with pytest.raises(LeaderUnavailable, match="has ended"):
        await asked


async def test_a_question_that_nobody_waits_for_any_more_is_not_answered() -> None:
    leader, service = leading()
    gone, there = (asyncio.ensure_future(leader.ask(WHY)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    async with running(leader):
        await there
    assert service.whys == 1
