"""The leader as a front sees it over Ray."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ray

from bostan_scheduler.cluster.lane import Lane
from bostan_scheduler.service.messages import AskWhy, Outbox, Reply, Request
from bostan_scheduler.service.ports import LeaderUnavailable

QUESTION_BATCH_MAX = 1
QUESTIONS_WAITING_MAX = 32
"""Of questions that the leader may let wait for a while: no news waits behind them."""


class RayLeader:
    """Implements `Leader` over the leader actor: one lane for news, and one for questions that take a while."""

    def __init__(self, actor: Any, *, timeout_seconds: float, batch_max: int, waiting_max: int) -> None:
        self._actor = actor
        self._timeout_seconds = timeout_seconds
        self._news = Lane(actor, timeout_seconds, batch_max, waiting_max)
        self._questions = Lane(actor, timeout_seconds, QUESTION_BATCH_MAX, QUESTIONS_WAITING_MAX)
        self.epoch = 0
        """Of the leader that is subscribed to; 0 while there is none."""

    async def ask(self, request: Request) -> Reply:
        """Raises `LeaderUnavailable` when the leader is away, too slow, or the queue is full."""
        takes_a_while = isinstance(request, AskWhy) and request.in_full
        return await (self._questions if takes_a_while else self._news).ask(request)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Outbox]]:
        """Outboxes from now on, until the leader changes."""
        reader_id = uuid.uuid4().hex
        try:
            async with asyncio.timeout(self._timeout_seconds):
                self.epoch = await self._actor.subscribe.remote(reader_id)
        except (ray.exceptions.RayError, TimeoutError) as error:
            raise LeaderUnavailable(f"the leader does not answer: {type(error).__name__}") from error
        try:
            yield self._outboxes(reader_id)
        finally:
            self.epoch = 0
            self._actor.unsubscribe.remote(reader_id)

    async def _outboxes(self, reader_id: str) -> AsyncIterator[Outbox]:
        while True:
            try:
                batch = await self._actor.outboxes.remote(reader_id)
            except ray.exceptions.RayError:
                return
            if batch is None:
                return
            for outbox in batch:
                yield outbox
