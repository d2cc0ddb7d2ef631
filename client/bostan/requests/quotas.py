"""Requests about quotas, what there is, what was used, and what happened."""

from __future__ import annotations

from bostan.api import Capacity, Event, Firm, Page, QuotaDocument, QuotaUse, Usage
from bostan.requests.base import Request, at, follows, given, listing, model, nothing, page


def firms(cursor: str | None = None) -> Request[Page[Firm]]:
    return listing(at("firms"), Firm, cursor)


def capacity() -> Request[Capacity]:
    return Request("GET", at("capacity"), model(Capacity))


def quotas(cursor: str | None = None) -> Request[Page[QuotaUse]]:
    return listing(at("quotas"), QuotaUse, cursor)


def quota_document() -> Request[QuotaDocument]:
    return Request("GET", at("quotas", "document"), model(QuotaDocument))


def apply_quotas(document: QuotaDocument) -> Request[Page[QuotaUse]]:
    """Puts the document in the place of the one in force, whole."""
    return Request("PUT", at("quotas", "document"), page(QuotaUse), json=document)


def usage(
    *, firm: str | None = None, from_at: int | None = None, until_at: int | None = None
) -> Request[Usage]:
    """GPU time in `[from_at, until_at)`, instants in milliseconds."""
    params = given(firm=firm, until=until_at, **{"from": from_at})
    return Request("GET", at("usage"), model(Usage), params=params)


def events(
    cursor: str | None = None, *, after: int = 0, job: str | None = None, firm: str | None = None
) -> Request[Page[Event]]:
    return listing(at("events"), Event, cursor, after=after, job=job, firm=firm)


def watch_events(*, after: int, job: str | None = None, firm: str | None = None) -> Request[None]:
    """Events as they are committed, as server-sent events."""
    params = given(after=after, job=job, firm=firm, follow="true")
    return follows(Request("GET", at("events"), nothing, params=params))
