"""Questions to the store, off the event loop, and wishes to the leader, whose refusals become problems."""

from typing import NoReturn

from fastapi.concurrency import run_in_threadpool

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import Problem, retry_after, unavailable
from bostan_scheduler.service.messages import Done, Reply, Request, Tell
from bostan_scheduler.service.ports import LeaderUnavailable

from_store = run_in_threadpool
"""Calls a method of the store in a thread."""

_STATUS = {"not-found": 404, "conflict": 409, "invalid": 422, "limit": 429}
_LIMIT_SECONDS = 10


async def ask(parts: HttpParts, request: Request) -> Reply:
    """The leader's answer. Raises Problem when it does not answer or says no."""
    try:
        reply = await parts.leader.ask(request)
    except LeaderUnavailable as error:
        raise unavailable(str(error)) from error
    if isinstance(reply, Refusal):
        raise_refusal(reply)
    return reply


async def tell(parts: HttpParts, request: Tell) -> Done:
    """Have something carried out; it is committed when this returns. Raises Problem."""
    reply = await ask(parts, request)
    assert isinstance(reply, Done), f"a wish was answered by {type(reply).__name__}"
    return reply


def raise_refusal(refusal: Refusal) -> NoReturn:
    """The core's "no" as a problem; what is invalid names its field first."""
    field, colon, _ = refusal.detail.partition(": ")
    named = field if colon and refusal.code == "invalid" else ""
    headers = retry_after(_LIMIT_SECONDS) if refusal.code == "limit" else None
    remedy = refusal.remedy or "see the list, or correct the name"
    raise Problem(_STATUS[refusal.code], refusal.detail, remedy, field=named, headers=headers)
