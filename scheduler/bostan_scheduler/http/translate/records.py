"""Events, usage and tokens, as the contract shows them."""

import orjson
from bostan import api

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.ports import StoredEvent, TokenRow, UsageSum


def event_model(stored: StoredEvent) -> api.Event:
    """A change that was committed."""
    return api.Event(**_event_fields(stored))


def event_json(stored: StoredEvent) -> bytes:
    """The same as a line of JSON, for streams of many."""
    return orjson.dumps(_event_fields(stored))


def _event_fields(stored: StoredEvent) -> dict[str, int | str | None]:
    event = stored.event
    return {
        "seq": stored.seq,
        "at": event.at,
        "kind": event.kind,
        "firm": event.firm,
        "job_id": event.job_id,
        "attempt_id": event.attempt_id,
        "node_id": event.node_id,
        "was": event.was,
        "now": event.now,
        "why": event.why,
    }


def usage_model(from_at: Instant, until_at: Instant, sums: list[UsageSum]) -> api.Usage:
    """GPU time by firm, project and class."""
    rows = tuple(
        api.FirmUsage(
            firm=one.firm,
            project=one.project,
            gpu_class=one.gpu_class,
            gpu_milliseconds=one.gpu_milliseconds,
            jobs=one.jobs,
        )
        for one in sums
    )
    return api.Usage(from_at=from_at, until_at=until_at, rows=rows)


def token_info(token: TokenRow) -> api.TokenInfo:
    """A token without its secret."""
    return api.TokenInfo(
        id=token.id,
        name=token.name,
        role=api.Role(token.role),
        firm=token.firm,
        project=token.project,
        park=token.park,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )
