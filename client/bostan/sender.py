"""Two thin senders over httpx: each sends a request value, tries again where that is safe, and reads the answer.

The only module that imports httpx.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import httpx

from bostan._version import __version__
from bostan.errors import BostanError, CannotReach, TimedOut
from bostan.requests import Answer, Request, read_answer
from bostan.retry import Patience, Retry

T = TypeVar("T")

# A stream carries a heartbeat every 15 s; four missed ones mean that the line is dead.
TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0, pool=30.0)
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CHECK: Final = "check the URL (bostan login, BOSTAN_URL), the network, and that the centre runs"


def _options(url: str, token: str) -> dict[str, Any]:
    headers = {"User-Agent": f"bostan/{__version__}"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    # Loading the authorities takes longer than most requests; without TLS nobody would ask them.
    verify = not url.lower().startswith("http:")
    return {"base_url": url, "headers": headers, "timeout": TIMEOUT, "verify": verify}


def _parts(request: Request[Any]) -> dict[str, Any]:
    """The request in httpx's words."""
    headers, content = dict(request.headers), request.content
    if request.json is not None:
        content = request.json.model_dump_json(exclude_none=True).encode()
        headers["Content-Type"] = "application/json"
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "content": content,
        "headers": headers,
    }


def _answer(response: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content)


def _failure(exc: Exception, url: str) -> BostanError:
    """What a transport's exception means to a user."""
    reason = str(exc) or type(exc).__name__
    match exc:
        case _ if isinstance(exc, _NEVER_SENT):
            return CannotReach(f"Cannot reach the centre at {url} ({reason})", _CHECK)
        case httpx.TimeoutException():
            return TimedOut(f"The centre at {url} did not answer in time", "try again")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return BostanError(f"{url!r} is not a URL ({reason})", "write it as https://HOST")
        case _:
            return CannotReach(f"The line to the centre at {url} broke ({reason})", _CHECK)


class Sender:
    """Sends requests and waits for each."""

    def __init__(self, url: str, token: str, retry: Retry, transport: httpx.BaseTransport | None) -> None:
        self._url, self._retry = url, retry
        try:
            self._http = httpx.Client(transport=transport, **_options(url, token))
        except httpx.InvalidURL as exc:
            raise _failure(exc, url) from exc

    def send(
        self,
        request: Request[T],
        retry: Retry | None = None,
        on_trouble: Callable[[BostanError], None] | None = None,
    ) -> T:
        patience = Patience(retry or self._retry, request.repeatable)
        while True:
            try:
                return self._once(request)
            except BostanError as exc:
                pause = patience.pause_after(exc, never_sent=isinstance(exc.__cause__, _NEVER_SENT))
                if on_trouble is not None:
                    on_trouble(exc)
            time.sleep(pause)

    def _once(self, request: Request[T]) -> T:
        try:
            response = self._http.request(**_parts(request))
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise _failure(exc, self._url) from exc
        return read_answer(request, _answer(response))

    @contextmanager
    def stream(self, request: Request[None]) -> Iterator[Iterator[bytes]]:
        """The body of a good answer, as it comes. Not tried again: its reader knows where to go on."""
        try:
            with self._http.stream(**_parts(request)) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    read_answer(request, _answer(response))
                    raise CannotReach(f"{self._url} answers no stream (HTTP {response.status_code})", _CHECK)
                yield response.iter_bytes()
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise _failure(exc, self._url) from exc

    def close(self) -> None:
        self._http.close()


class AsyncSender:
    """Sends requests without blocking the event loop."""

    def __init__(
        self, url: str, token: str, retry: Retry, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._url, self._retry = url, retry
        try:
            self._http = httpx.AsyncClient(transport=transport, **_options(url, token))
        except httpx.InvalidURL as exc:
            raise _failure(exc, url) from exc

    async def send(
        self,
        request: Request[T],
        retry: Retry | None = None,
        on_trouble: Callable[[BostanError], None] | None = None,
    ) -> T:
        patience = Patience(retry or self._retry, request.repeatable)
        while True:
            try:
                return await self._once(request)
            except BostanError as exc:
                pause = patience.pause_after(exc, never_sent=isinstance(exc.__cause__, _NEVER_SENT))
                if on_trouble is not None:
                    on_trouble(exc)
            await asyncio.sleep(pause)

    async def _once(self, request: Request[T]) -> T:
        try:
            response = await self._http.request(**_parts(request))
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise _failure(exc, self._url) from exc
        return read_answer(request, _answer(response))

    @asynccontextmanager
    async def stream(self, request: Request[None]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of a good answer, as it comes. Not tried again: its reader knows where to go on."""
        try:
            async with self._http.stream(**_parts(request)) as response:
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    read_answer(request, _answer(response))
                    raise CannotReach(f"{self._url} answers no stream (HTTP {response.status_code})", _CHECK)
                yield response.aiter_bytes()
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise _failure(exc, self._url) from exc

    async def close(self) -> None:
        await self._http.aclose()
