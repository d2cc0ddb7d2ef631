"""Limits of the centre's settings that fronts pass on: each reached through what a front makes of them."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import Any

import pytest
from bostan_scheduler.cluster.client import QUESTION_BATCH_MAX, QUESTIONS_WAITING_MAX, RayLeader
from bostan_scheduler.cluster.serving import Serving, blob_limits, log_limits
from bostan_scheduler.core.reports import NodesHeard
from bostan_scheduler.files import Files
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.files.owners import CHECKPOINT
from bostan_scheduler.service.messages import AskWhy, Done, Request, Tell
from bostan_scheduler.service.ports import LeaderUnavailable
from bostan_scheduler.settings import CentreSettings
from pydantic import ValidationError
from structlog.testing import capture_logs

DAY_SECONDS = 86_400


def test_log_days(tmp_path) -> None:
    logs = LogBook(tmp_path, log_limits(CentreSettings(log_days=3)))
    logs.append("j1.1", 0, 0, b"x")
    assert logs.sweep(time.time() + 2.9 * DAY_SECONDS) == 0
    assert logs.sweep(time.time() + 3.1 * DAY_SECONDS) == 1
    assert logs.next_offset("j1.1", 0) == 0


def test_archive_days_and_checkpoint_hours(tmp_path) -> None:
    files = Files.open(tmp_path, blob_limits(CentreSettings(archive_days=3, checkpoint_hours=5)))
    for data in (b"results", b"saved"):
        files.blobs.append(hashlib.sha256(data).hexdigest(), 0, len(data), data, "-park/p")
    files.blobs.owners.note(hashlib.sha256(b"saved").hexdigest(), CHECKPOINT)
    hours = {1: 0, 4: 0, 6: 1, 71: 0, 73: 1}
    assert {at: files.tidy(time.time() + at * 3600, frozenset).archives for at in hours} == hours


def test_checkpoints_do_not_outlive_results() -> None:
    with pytest.raises(ValidationError, match="checkpoint_hours is longer than archive_days"):
        CentreSettings(archive_days=1, checkpoint_hours=25)


class Silent:
    """A leader's actor that never answers."""

    @property
    def exchange(self) -> "Silent":
        return self

    @property
    def subscribe(self) -> "Silent":
        return self

    def remote(self, *_: Any) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().create_future()


async def test_leader_timeout_seconds() -> None:
    serving = Serving(CentreSettings(leader_timeout_seconds=1), Silent(), clock=None)
    leader = serving._ray_leader()
    began = time.monotonic()
    with capture_logs(), pytest.raises(LeaderUnavailable, match="did not answer in time"):
        await leader.ask(Tell(NodesHeard(())))
    assert 0.9 < time.monotonic() - began < 5
    with pytest.raises(LeaderUnavailable, match="does not answer"):
        async with leader.subscribe():
            pass


class Held:
    """A leader's actor that answers news at once, and keeps who asks why waiting; it notes each batch."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    @property
    def exchange(self) -> "Held":
        return self

    def remote(self, requests: Sequence[Request]) -> "asyncio.Future[Any]":
        answer = asyncio.get_running_loop().create_future()
        if isinstance(requests[0], AskWhy):
            self.batches.append(len(requests))
        else:
            answer.set_result([Done()] * len(requests))
        return answer


async def test_who_asks_why_delays_no_news_and_waits_in_a_lane_of_its_own() -> None:
    actor = Held()
    leader = RayLeader(actor, timeout_seconds=30, batch_max=1000, waiting_max=1000)
    why = AskWhy("j1", in_full=True)
    asked = [asyncio.ensure_future(leader.ask(why)) for _ in range(QUESTIONS_WAITING_MAX)]
    await asyncio.sleep(0)
    assert await leader.ask(Tell(NodesHeard(()))) == Done()
    asked += [asyncio.ensure_future(leader.ask(why)) for _ in range(QUESTION_BATCH_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(LeaderUnavailable, match="too many"):
        await leader.ask(why)
    assert actor.batches == [QUESTION_BATCH_MAX]
    for one in asked:
        one.cancel()
