"""From the Authorization header to a token in force: looked up by its hash, remembered for a few seconds."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import Problem, retry_after
from bostan_scheduler.http.throttle import Failures
from bostan_scheduler.service.ports import TokenRow
from bostan_scheduler.service.tokens import PARK, hash_of, in_force, looks_like_token

_SCHEME = "bearer "
_LOGIN = "log in with `bostan login`, or send the header `Authorization: Bearer TOKEN`"


@dataclass(slots=True)
class Doorkeeper:
    """Knows the tokens lately shown, and the addresses that showed wrong ones."""

    parts: HttpParts
    failures: Failures
    _known: OrderedDict[str, tuple[float, TokenRow]] = field(default_factory=OrderedDict)

    async def token(self, request: Request) -> TokenRow:
        """The token that the request carries. Raises Problem: 401, or 429 after too many wrong ones."""
        secret = _secret(request)
        if secret is None:
            raise _unauthenticated("a token is needed", _LOGIN)
        sha256, now = hash_of(secret), time.monotonic()
        token = self._remembered(sha256, now)
        if token is None:
            token = await self._looked_up(secret, sha256, _address(request), now)
        if token is None or not in_force(token, self.parts.clock()):
            self._known.pop(sha256, None)
            self.failures.note(_address(request), now)
            raise _unauthenticated("the token is unknown, expired or revoked", f"get a new one; {_LOGIN}")
        if token.role == PARK:
            raise Problem(403, "this is a token of a park's agents", "use a person's token here")
        return token

    def forget(self, token_id: str) -> None:
        """A token was revoked here; other fronts forget it within seconds."""
        for sha256, (_, token) in list(self._known.items()):
            if token.id == token_id:
                del self._known[sha256]

    def _remembered(self, sha256: str, now: float) -> TokenRow | None:
        until, token = self._known.get(sha256, (0.0, None))
        return token if until > now else None

    async def _looked_up(self, secret: str, sha256: str, address: str, now: float) -> TokenRow | None:
        wait_seconds = self.failures.seconds_to_wait(address, now)
        if wait_seconds:
            detail = "too many wrong tokens came from this address"
            raise Problem(429, detail, "wait, and correct the token", headers=retry_after(wait_seconds))
        if not looks_like_token(secret):
            return None
        token = await run_in_threadpool(self.parts.reader.token, sha256)
        if token is not None:
            self._remember(sha256, token, now)
        return token

    def _remember(self, sha256: str, token: TokenRow, now: float) -> None:
        limits = self.parts.limits
        self._known[sha256] = (now + limits.token_cache_seconds, token)
        while len(self._known) > limits.token_cache_max:
            self._known.popitem(last=False)


def _secret(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else None


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


def _unauthenticated(detail: str, remedy: str) -> Problem:
    return Problem(401, detail, remedy, headers={"WWW-Authenticate": "Bearer"})
