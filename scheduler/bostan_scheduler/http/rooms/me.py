"""Who am I, which firms are there for me, and what could ever be placed."""

from bostan import api
from fastapi import APIRouter, Response

from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_by
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.translate.capacity import capacity_model
from bostan_scheduler.http.translate.parks import Pool
from bostan_scheduler.http.translate.quotas import firm_model

router = APIRouter(route_class=GuardedRoute, tags=["people"])


@router.get("/v1/whoami", response_model=api.WhoAmI)
async def whoami(who: Who) -> Response:
    """The holder of the token."""
    token = who.token
    return answer(
        api.WhoAmI(name=token.name, role=who.role, firm=token.firm, project=token.project, park=token.park)
    )


@router.get("/v1/firms", response_model=api.Page[api.Firm])
async def firms(front: Here, who: Who, wanted: Wanted) -> Response:
    """The firms that the asker sees."""
    found = await from_store(front.parts.reader.firms)
    mine = [firm for firm in found if who.firm is None or firm.id == who.firm]
    part, cursor = page_by(mine, lambda firm: firm.id, wanted)
    return answer(api.Page(items=tuple(firm_model(firm) for firm in part), next_cursor=cursor))


@router.get("/v1/capacity", response_model=api.Capacity)
async def capacity(front: Here) -> Response:
    """How many GPUs of each class each park has, busy or not."""
    return answer(await from_store(_capacity, front.parts))


def _capacity(parts: HttpParts) -> api.Capacity:
    pool = Pool({}, parts.reader.class_of_device(), parts.telemetry)
    return capacity_model(pool, parts.reader.nodes())
