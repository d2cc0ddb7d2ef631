"""Windows: maintenance of a park, and advance reservations. Listed, announced, called off."""

from typing import TypeVar

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.core.obstacle import AdvanceReservation, Announced, Maintenance
from bostan_scheduler.core.reports import MaintenanceWithdrawn, ReservationWithdrawn, WindowAnnounced
from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import from_store, tell
from bostan_scheduler.http.bodies import answer, json_bytes, parsed, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.once import Key, once
from bostan_scheduler.http.pages import Wanted, page_by
from bostan_scheduler.http.params import ParkId, WindowId
from bostan_scheduler.http.problems import invalid, not_found
from bostan_scheduler.http.translate.windows import maintenance_model, node_ids, reservation_model
from bostan_scheduler.http.windowcheck import INSTANT_MAX
from bostan_scheduler.service.messages import Idempotency, Tell

Kind = TypeVar("Kind", Maintenance, AdvanceReservation)

router = APIRouter(route_class=GuardedRoute, tags=["windows"])


@router.get("/v1/parks/{park}/maintenance", response_model=api.Page[api.Maintenance])
async def maintenance(front: Here, park: ParkId, wanted: Wanted) -> Response:
    """Maintenance windows of a park that are not over."""
    if park not in {one.id for one in await from_store(front.parts.reader.parks)}:
        raise not_found(f"park {park}", "see `bostan parks`")
    found = [one for one in await _open(front, Maintenance) if one.park == park]
    part, cursor = page_by(found, lambda one: f"{one.from_at:020d} {one.id}", wanted)
    return answer(api.Page(items=tuple(map(maintenance_model, part)), next_cursor=cursor))


@router.post(
    "/v1/parks/{park}/maintenance",
    status_code=201,
    response_model=api.Maintenance,
    openapi_extra=takes(api.NewMaintenance),
)
async def announce(request: Request, front: Here, who: Who, park: ParkId, key: Key = None) -> Response:
    """Announce that nodes of a park are away for a time."""
    raw = await json_bytes(request)
    new = parsed(raw, api.NewMaintenance)
    _check_span(new)
    window = Maintenance(
        id=new.id or _made(front, "m"),
        park=park,
        node_ids=node_ids(park, new.nodes),
        from_at=new.from_at,
        until_at=new.until_at,
        gpu_classes=new.gpu_classes,
        reason=new.reason,
    )
    kept = await _announced(front, who, window, once(who, key, f"maintenance {park}".encode(), raw))
    return answer(maintenance_model(kept), 201)


@router.delete("/v1/parks/{park}/maintenance/{window_id}", status_code=204)
async def call_off(front: Here, who: Who, park: ParkId, window_id: WindowId) -> Response:
    """Call a maintenance window off, begun or not."""
    await tell(front.parts, Tell(MaintenanceWithdrawn(park, window_id, who.name)))
    return Response(status_code=204)


@router.get("/v1/reservations", response_model=api.Page[api.Reservation])
async def reservations(front: Here, wanted: Wanted) -> Response:
    """Advance reservations that are not over."""
    found = await _open(front, AdvanceReservation)
    part, cursor = page_by(found, lambda one: f"{one.from_at:020d} {one.id}", wanted)
    return answer(api.Page(items=tuple(map(reservation_model, part)), next_cursor=cursor))


@router.post(
    "/v1/reservations",
    status_code=201,
    response_model=api.Reservation,
    openapi_extra=takes(api.NewReservation),
)
async def reserve(request: Request, front: Here, who: Who, key: Key = None) -> Response:
    """Keep GPUs of a park for a firm for a time."""
    raw = await json_bytes(request)
    new = parsed(raw, api.NewReservation)
    _check_span(new)
    window = AdvanceReservation(
        id=new.id or _made(front, "r"),
        park=new.park,
        firm=new.firm,
        gpu_class=new.gpu_class,
        gpus=new.gpus,
        from_at=new.from_at,
        until_at=new.until_at,
    )
    kept = await _announced(front, who, window, once(who, key, b"reservation", raw))
    return answer(reservation_model(kept), 201)


@router.delete("/v1/reservations/{window_id}", status_code=204)
async def give_up(front: Here, who: Who, window_id: WindowId) -> Response:
    """Give a reservation up."""
    await tell(front.parts, Tell(ReservationWithdrawn(window_id, who.name)))
    return Response(status_code=204)


def _made(front: Front, letter: str) -> str:
    (made,) = front.ids.make(front.parts.clock())
    return letter + made[1:]


def _check_span(new: api.NewMaintenance | api.NewReservation) -> None:
    if not 0 <= new.from_at < new.until_at <= INSTANT_MAX:
        raise invalid("until_at", "until_at: is not after from_at", "let the window end after it begins")


async def _open(front: Front, kind: type[Kind]) -> list[Kind]:
    now, windows = front.parts.clock(), await from_store(front.parts.reader.windows)
    return [one for one in windows.values() if isinstance(one, kind) and now < one.until_at]


async def _announced(front: Front, who: Asker, window: Kind, repeat: Idempotency | None) -> Kind:
    """The window as it is kept; for a repeat, as it was kept at first, or as it was asked where it is gone by now."""
    done = await tell(front.parts, Tell(WindowAnnounced(window, who.name), repeat))
    (window_id,) = done.ids
    kept: Announced | None = (await from_store(front.parts.reader.windows)).get(window_id)
    if isinstance(kept, type(window)):
        return kept
    raise not_found(f"window {window_id} any more", "it was called off; announce it again with a new key")
