"""GPU time that was used, by firm, project and class."""

from typing import Annotated

from bostan import api
from fastapi import APIRouter, Query, Response

from bostan_scheduler.core.instant import DAY_MILLISECONDS
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import Word
from bostan_scheduler.http.problems import invalid
from bostan_scheduler.http.translate.records import usage_model

router = APIRouter(route_class=GuardedRoute, tags=["usage"])

_DEFAULT_MILLISECONDS = 30 * DAY_MILLISECONDS
Edge = Annotated[int | None, Query(ge=0, le=2**53, description="UTC milliseconds since 1970-01-01T00:00Z")]
From = Annotated[Edge, Query(alias="from")]
Until = Annotated[Edge, Query(alias="until")]


@router.get("/v1/usage", response_model=api.Usage)
async def usage(
    front: Here, who: Who, firm: Word | None = None, from_at: From = None, until_at: Until = None
) -> Response:
    """GPU time in `[from, until)`, by default in the last 30 days."""
    until = front.parts.clock() if until_at is None else until_at
    since = max(until - _DEFAULT_MILLISECONDS, 0) if from_at is None else from_at
    if since > until:
        raise invalid("from", "from: lies after until", "let the window begin before it ends")
    firms = who.narrowed(firm, None).firms
    sums = await from_store(front.parts.reader.usage, firms, since, until)
    mine = [one for one in sums if who.project is None or one.project == who.project]
    return answer(usage_model(since, until, mine))
