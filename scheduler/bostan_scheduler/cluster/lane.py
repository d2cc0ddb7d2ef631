"""Requests on their way to the leader actor: in batches, one batch at a time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import ray
import structlog

from bostan_scheduler.service.messages import Reply, Request
from bostan_scheduler.service.ports import LeaderUnavailable

log = structlog.get_logger()

Waiting = tuple[Request, asyncio.Future[Reply]]


@dataclass(slots=True, eq=False)
class Lane:
    """Whoever asks while a batch is under way goes with the next."""

    actor: Any
    timeout_seconds: float
    batch_max: int
    waiting_max: int
    _waiting: list[Waiting] = field(default_factory=list)
    _sender: asyncio.Task[None] | None = None

    async def ask(self, request: Request) -> Reply:
        """The answer. Raises `LeaderUnavailable` when the leader is away, too slow, or the lane is full."""
        if len(self._waiting) >= self.waiting_max:
            raise LeaderUnavailable("too many requests wait for the leader")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())
        return await future

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self.batch_max], self._waiting[self.batch_max :]
                await self._exchange(batch)
        finally:
            self._sender = None

    async def _exchange(self, batch: list[Waiting]) -> None:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                replies = await self.actor.exchange.remote([request for request, _ in batch])
        except (ray.exceptions.RayError, TimeoutError) as error:
            log.warning("the leader did not answer", error=type(error).__name__, requests=len(batch))
            replies = ["the leader did not answer in time"] * len(batch)
        for (_, future), reply in zip(batch, replies, strict=True):
            _settle(future, reply)


def _settle(future: asyncio.Future[Reply], reply: Reply | str) -> None:
    if future.done():
        return
    if isinstance(reply, str):
        future.set_exception(LeaderUnavailable(reply))
    else:
        future.set_result(reply)
