"""What happens to every request before and after its room: limits of size, time taken, and faults that show nothing."""

import time
import uuid

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bostan_scheduler.http.metrics import Times
from bostan_scheduler.http.parts import HttpLimits
from bostan_scheduler.http.problems import Problem

log = structlog.get_logger()

_LARGE = ("/v1/job-batches", "/v1/quotas/document")
_STREAMED = "/v1/blobs/"


class Door:
    """ASGI middleware, outermost but for the server's own."""

    def __init__(self, app: ASGIApp, limits: HttpLimits, times: Times) -> None:
        self._app, self._limits, self._times = app, limits, times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, visit = time.perf_counter(), _Visit(send)
        try:
            self._check_head(scope)
            body = _Counted(receive, self._body_bytes_max(scope))
            await self._app(scope, body.receive, visit.send)
        except Problem as problem:
            await visit.answer(problem, scope, receive)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Exception:  # noqa: BLE001 - whatever it is, the asker gets an answer and the log the rest
            await visit.answer(_fault(scope), scope, receive)
        finally:
            self._times.note(scope, visit.status, time.perf_counter() - began)

    def _check_head(self, scope: Scope) -> None:
        limits = self._limits
        if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.header_bytes_max:
            remedy = f"send at most {limits.header_bytes_max} bytes of headers"
            raise Problem(431, "the headers are too large", remedy)
        if len(scope.get("query_string", b"")) + len(scope["path"]) > limits.query_bytes_max:
            raise Problem(414, "the URL is too long", f"send at most {limits.query_bytes_max} bytes of it")
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length[:18]) > self._body_bytes_max(scope):
            raise _too_large(self._body_bytes_max(scope))

    def _body_bytes_max(self, scope: Scope) -> int:
        path = scope["path"]
        if path.startswith(_STREAMED):
            return 2**62  # read part by part, by a room that has limits of its own
        return self._limits.batch_bytes_max if path in _LARGE else self._limits.request_bytes_max


class _Visit:
    """The answer as it goes out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def answer(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        """Answer with a problem; an answer that has begun can only be broken off."""
        if self.status:
            raise RuntimeError("an answer was broken off") from problem
        await problem.response()(scope, receive, self.send)


class _Counted:
    """A body that ends in a refusal once it is too large."""

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self._receive, self._bytes_max, self._count = receive, bytes_max, 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._count += len(message.get("body", b""))
        if self._count > self._bytes_max:
            raise _too_large(self._bytes_max)
        return message


def _too_large(bytes_max: int) -> Problem:
    return Problem(413, f"the body has more than {bytes_max} bytes", "send less, or in parts")


def _fault(scope: Scope) -> Problem:
    """The asker gets a number; what happened is in the log under it."""
    number = uuid.uuid4().hex[:12]
    log.exception("a request failed", fault=number, method=scope["method"], path=scope["path"][:200])
    remedy = f"try again; if it fails again, give the number {number} to whoever runs the centre"
    return Problem(500, f"the centre failed; the fault has the number {number}", remedy)
