"""Quotas: how each stands, and the whole document, read and written."""

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store, tell
from bostan_scheduler.http.bodies import answer, read_body, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Slice, Wanted, page_by
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.quotacheck import check_document
from bostan_scheduler.http.translate.quotas import InForce, document_model, quota_uses, quotas_applied
from bostan_scheduler.service.messages import Tell

router = APIRouter(route_class=GuardedRoute, tags=["quotas"])


@router.get("/v1/quotas", response_model=api.Page[api.QuotaUse])
async def quotas(front: Here, who: Who, wanted: Wanted) -> Response:
    """How each node of the tree stands now, by class; a firm sees its own leaves."""
    return answer(await _page(front, wanted, who.firm))


@router.get("/v1/quotas/document", response_model=api.QuotaDocument)
async def document(front: Here) -> Response:
    """What was last applied."""
    return answer(await from_store(_document, front.parts))


@router.put(
    "/v1/quotas/document", response_model=api.Page[api.QuotaUse], openapi_extra=takes(api.QuotaDocument)
)
async def apply(request: Request, front: Here, who: Who, wanted: Wanted) -> Response:
    """Replace quotas, firms and GPU classes, whole; parks are added."""
    new = await read_body(request, api.QuotaDocument)
    check_document(new)
    await tell(front.parts, Tell(quotas_applied(new, who.name)))
    return answer(await _page(front, wanted, None))


async def _page(front: Front, wanted: Slice, firm: str | None) -> api.Page[api.QuotaUse]:
    uses = [use for use in await from_store(_uses, front.parts) if firm is None or use.firm == firm]
    part, cursor = page_by(uses, lambda use: f"{use.quota} {use.gpu_class}", wanted)
    return api.Page(items=tuple(part), next_cursor=cursor)


def _uses(parts: HttpParts) -> list[api.QuotaUse]:
    now, reader = parts.clock(), parts.reader
    held = Snapshot(now, attempts={attempt.id: attempt for attempt in reader.active_attempts()})
    ledger = QuotaLedger.of(reader.quota_tree(), usage_of(held), now)
    return list(quota_uses(ledger, now))


def _document(parts: HttpParts) -> api.QuotaDocument:
    reader = parts.reader
    kept = InForce(
        tree=reader.quota_tree(),
        firms=reader.firms(),
        parks=reader.parks(),
        class_of_device=reader.class_of_device(),
        classes=reader.classes(),
        windows=reader.windows(),
        reserves=reader.reserves(),
    )
    return document_model(kept)
