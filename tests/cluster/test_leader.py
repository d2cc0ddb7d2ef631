"""What the leader's process says when it ends: no trouble when it was stopped, and why when it failed."""

import asyncio
import os

import pytest
from bostan_scheduler.cluster.leader import Leader
from structlog.testing import capture_logs


class Endless:
    """A leader at work."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class Failing:
    """A leader whose store has failed."""

    async def run(self) -> None:
        raise OSError("the disk is gone")


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes with which the process would have ended."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


async def test_a_leader_that_is_stopped_has_nothing_to_complain_of(exits: list[int]) -> None:
    leader = object.__new__(Leader)
    leader._running = asyncio.get_running_loop().create_task(leader._run(Endless()))
    await asyncio.sleep(0)
    with capture_logs() as logged:
        await leader.stop()
    assert leader._running.done()
    assert exits == []
    assert [(one["log_level"], one["event"]) for one in logged] == [("info", "the leader stops")]


async def test_one_that_has_never_led_can_be_stopped_too(exits: list[int]) -> None:
    leader = object.__new__(Leader)
    leader._running = None
    await leader.stop()
    assert exits == []


async def test_a_leader_that_fails_ends_its_process_and_says_why(exits: list[int]) -> None:
    with capture_logs() as logged:
        await Leader._run(object.__new__(Leader), Failing())
    assert exits == [1]
    assert [(one["log_level"], one["event"]) for one in logged] == [
        ("error", "the leader ends; a new one will load what is committed")
    ]
