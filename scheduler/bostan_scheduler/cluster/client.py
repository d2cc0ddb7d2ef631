"""The leader as a front sees it over Ray: requests travel in batches, one batch at a time."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ray
import structlog

from bostan_scheduler.service.messages import Outbox, Reply, Request
from bostan_scheduler.service.ports import LeaderUnavailable

log = structlog.get_logger()

Waiting = tuple[Request, asyncio.Future[Reply]]


class RayLeader:
    """Implements `Leader` over the leader actor. Whoever asks while a batch is under way goes with the next."""

    def __init__(self, actor: Any, *, timeout_seconds: float, batch_max: int, waiting_max: int) -> None:
        self._actor = actor
        self._timeout_seconds = timeout_seconds
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: list[Waiting] = []
        self._sender: asyncio.Task[None] | None = None
        self.epoch = 0
        """Of the leader that is subscribed to; 0 while there is none."""

    async def ask(self, request: Request) -> Reply:
        """Raises `LeaderUnavailable` when the leader is away, too slow, or the queue is full."""
        if len(self._waiting) >= self._waiting_max:
            raise LeaderUnavailable("too many requests wait for the leader")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())
        return await future

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
                await self._exchange(batch)
        finally:
            self._sender = None

    async def _exchange(self, batch: list[Waiting]) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                replies = await self._actor.exchange.remote([request for request, _ in batch])
        except (ray.exceptions.RayError, TimeoutError) as error:
            log.warning("the leader did not answer", error=type(error).__name__, requests=len(batch))
            replies = ["the leader did not answer in time"] * len(batch)
        for (_, future), reply in zip(batch, replies, strict=True):
            _settle(future, reply)

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


def _settle(future: asyncio.Future[Reply], reply: Reply | str) -> None:
    if future.done():
        return
    if isinstance(reply, str):
        future.set_exception(LeaderUnavailable(reply))
    else:
        future.set_result(reply)
