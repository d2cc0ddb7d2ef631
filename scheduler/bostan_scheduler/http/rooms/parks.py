"""Parks, and the tokens of their agents."""

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.core.reports import ParkAdded
from bostan_scheduler.core.snapshot import Park
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store, tell
from bostan_scheduler.http.bodies import answer, read_body, takes
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_by
from bostan_scheduler.http.params import ParkId
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.pools import pool_of
from bostan_scheduler.http.problems import invalid, not_found
from bostan_scheduler.http.translate.parks import park_model
from bostan_scheduler.http.windows import windows_by_park
from bostan_scheduler.service.messages import Tell
from bostan_scheduler.service.tokens import PARK, mint

router = APIRouter(route_class=GuardedRoute, tags=["parks"])


@router.get("/v1/parks", response_model=api.Page[api.Park])
async def parks(front: Here, who: Who, wanted: Wanted) -> Response:
    """All parks, each with its next windows; whose reservations they are, their firm sees alone."""
    shown = await from_store(_parks, front.parts, who.firms)
    part, cursor = page_by(shown, lambda park: park.id, wanted)
    return answer(api.Page(items=tuple(part), next_cursor=cursor))


def _parks(parts: HttpParts, firms: tuple[str, ...] | None) -> list[api.Park]:
    reader, pool = parts.reader, pool_of(parts)
    nodes, by_park = reader.nodes(), windows_by_park(parts, firms)
    return [park_model(pool, park, nodes, by_park.get(park.id, ())) for park in reader.parks()]


@router.post("/v1/parks", status_code=201, response_model=api.Park, openapi_extra=takes(api.NewPark))
async def add_park(request: Request, front: Here, who: Who) -> Response:
    """Make a park known; one that is known gets the name given."""
    new = await read_body(request, api.NewPark)
    if "/" in new.id:
        raise invalid("id", "id: a park's id has no /, which parts it from its nodes' names", "use - instead")
    await tell(front.parts, Tell(ParkAdded(Park(new.id, new.name), who.name)))
    shown = await from_store(_parks, front.parts, None)
    return answer(next(park for park in shown if park.id == new.id), 201)


@router.post("/v1/parks/{park}/tokens", status_code=201, response_model=api.ParkToken)
async def make_park_token(front: Here, park: ParkId) -> Response:
    """Make a token for a park's agents. Earlier ones stay in force."""
    reader = front.parts.reader
    if park not in {one.id for one in await from_store(reader.parks)}:
        raise not_found(f"park {park}", "see `bostan parks`, or add it with `bostan park add`")
    secret, row = mint(f"agents of {park}", PARK, now=front.parts.clock(), park=park)
    await from_store(reader.add_token, row)
    return answer(api.ParkToken(park=park, id=row.id, secret=secret), 201)
