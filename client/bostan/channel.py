"""Three ways to talk over a sender: page by page, a talk of several requests, and a followed stream.

What is said is in `requests`, `talks` and `follow`; here it is only waited for, with and without an event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bostan.api import Page
from bostan.errors import BostanError, CannotReach
from bostan.follow import Watch
from bostan.requests import Request
from bostan.retry import Patience, Retry
from bostan.sender import AsyncSender, Sender
from bostan.sse import Decoder
from bostan.talks import Patiently, Pause, Talk

T = TypeVar("T")

PageOf = Callable[[str | None], Request[Page[T]]]


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    """A talk's result. StopIteration itself may not leave a thread or a coroutine."""

    value: T


def _next(talk: Talk[T], answer: Any) -> Request[Any] | Patiently | Pause | _End[T]:
    try:
        return talk.send(answer)
    except StopIteration as end:
        return _End(end.value)


def _ended() -> BostanError:
    return CannotReach("The centre ended the stream", "try again")


class Channel:
    """Talks and waits."""

    def __init__(self, sender: Sender, follow_retry: Retry) -> None:
        self._sender, self._follow_retry = sender, follow_retry

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def _send(self, request: Request[T]) -> T:
        return self._sender.send(request)

    def _pages(self, page: PageOf[T]) -> Iterator[T]:
        cursor: str | None = None
        while True:
            got = self._sender.send(page(cursor))
            yield from got.items
            cursor = got.next_cursor
            if cursor is None:
                return

    def _hold(self, talk: Talk[T]) -> T:
        answer: Any = None
        with closing(talk):
            while True:
                match _next(talk, answer):
                    case _End(value):
                        return value
                    case Pause(seconds):
                        time.sleep(seconds)
                        answer = None
                    case Patiently(request, seconds_max, on_trouble):
                        retry = self._follow_retry.at_most(seconds_max)
                        answer = self._sender.send(request, retry, on_trouble)
                    case request:
                        answer = self._sender.send(request)

    def _follow(self, watch: Watch[T]) -> Iterator[T]:
        patience = Patience(self._follow_retry, repeatable=True)
        while not watch.finished:
            broken = _ended()
            try:
                yield from self._stream(watch, patience)
            except BostanError as exc:
                broken = exc
            if not watch.finished:
                time.sleep(patience.pause_after(broken))

    def _stream(self, watch: Watch[T], patience: Patience) -> Iterator[T]:
        decoder = Decoder()
        with self._sender.stream(watch.request()) as chunks:
            for chunk in chunks:
                patience.progress()
                for event in decoder.feed(chunk):
                    yield from watch.take(event)
                    if watch.finished:
                        return


class AsyncChannel:
    """Talks without blocking the event loop."""

    def __init__(self, sender: AsyncSender, follow_retry: Retry) -> None:
        self._sender, self._follow_retry = sender, follow_retry

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _send(self, request: Request[T]) -> T:
        return await self._sender.send(request)

    async def _pages(self, page: PageOf[T]) -> AsyncIterator[T]:
        cursor: str | None = None
        while True:
            got = await self._sender.send(page(cursor))
            for item in got.items:
                yield item
            cursor = got.next_cursor
            if cursor is None:
                return

    async def _hold(self, talk: Talk[T]) -> T:
        answer: Any = None
        with closing(talk):
            while True:
                match await _next_in_thread(talk, answer):
                    case _End(value):
                        return value
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                        answer = None
                    case Patiently(request, seconds_max, on_trouble):
                        retry = self._follow_retry.at_most(seconds_max)
                        answer = await self._sender.send(request, retry, on_trouble)
                    case request:
                        answer = await self._sender.send(request)

    async def _follow(self, watch: Watch[T]) -> AsyncIterator[T]:
        patience = Patience(self._follow_retry, repeatable=True)
        while not watch.finished:
            broken = _ended()
            try:
                async with aclosing(self._stream(watch, patience)) as items:
                    async for item in items:
                        yield item
            except BostanError as exc:
                broken = exc
            if not watch.finished:
                await asyncio.sleep(patience.pause_after(broken))

    async def _stream(self, watch: Watch[T], patience: Patience) -> AsyncGenerator[T, None]:
        decoder = Decoder()
        async with self._sender.stream(watch.request()) as chunks:
            async for chunk in chunks:
                patience.progress()
                for event in decoder.feed(chunk):
                    for item in watch.take(event):
                        yield item
                    if watch.finished:
                        return


async def _next_in_thread(talk: Talk[T], answer: Any) -> Request[Any] | Patiently | Pause | _End[T]:
    """The talk's next step, in a thread: between its requests a talk packs, hashes and writes files."""
    step = asyncio.ensure_future(asyncio.to_thread(_next, talk, answer))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        # A thread cannot be stopped, and a talk cannot be closed while it runs.
        await asyncio.wait([step])
        raise
