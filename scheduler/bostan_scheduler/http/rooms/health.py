"""Is it alive, is it ready, and how does it do: for machines that watch, without a token."""

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.problems import Problem, retry_after
from bostan_scheduler.service.messages import AskHeard
from bostan_scheduler.service.ports import LeaderUnavailable

router = APIRouter(route_class=GuardedRoute, tags=["health"])

_RETRY_SECONDS = 1


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(front: Here) -> dict[str, str]:
    """The leader answers, so that everything can be asked."""
    try:
        async with asyncio.timeout(front.parts.limits.ready_timeout_seconds):
            await front.parts.leader.ask(AskHeard())
    except (LeaderUnavailable, TimeoutError) as error:
        detail = "the leader does not answer"
        raise Problem(503, detail, "wait", headers=retry_after(_RETRY_SECONDS)) from error
    return {"status": "ready"}


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(front: Here) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(await front.metrics.text(), media_type=CONTENT_TYPE_LATEST)
