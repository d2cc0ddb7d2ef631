"""A stream of messages with an agent, as the handlers see it; and tasks beside each other until one ends."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

import grpc.aio
from google.protobuf.message import DecodeError, Message

from bostan_scheduler.rpc.errors import NotUnderstood

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


class Stream(Generic[In, Out]):
    """Messages in and out of one call."""

    def __init__(self, context: "grpc.aio.ServicerContext[In, Out]") -> None:
        self._context = context
        self._read = 0

    async def read(self) -> In | None:
        """The next message; None when the agent has ended the call. Raises NotUnderstood when the bytes are none."""
        try:
            message = await self._context.read()
        except DecodeError as error:
            raise NotUnderstood("message", "these bytes are not one") from error
        self._read += 1
        return None if message is grpc.aio.EOF else message

    async def messages(self) -> AsyncIterator[In]:
        """All messages until the agent ends the call."""
        while (message := await self.read()) is not None:
            yield message

    async def let_finish(self, messages: int, seconds: float) -> None:
        """Let the first messages of the call in unread. An agent that still writes when its refusal comes sees a broken
        line, and never the reason."""
        with suppress(NotUnderstood, TimeoutError):
            async with asyncio.timeout(seconds):
                while self._read < messages and await self.read() is not None:
                    pass

    async def write(self, message: Out) -> None:
        """Send a message, waiting for room on the line."""
        await self._context.write(message)


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends or fails; the others are cancelled. Raises what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
