"""Why a job waits, as the contract shows it."""

from bostan import api

from bostan_scheduler.core.waits import Wait
from bostan_scheduler.core.why.help import Help
from bostan_scheduler.core.why.parks import ParkRow
from bostan_scheduler.core.why.why import QuotaRow, Why
from bostan_scheduler.http.translate.quotas import limit_or_none


def wait_model(wait: Wait) -> api.Wait:
    """Why a job waits: one reason."""
    return api.Wait(reason=wait.reason, sentence=wait.sentence, numbers=dict(wait.numbers))


def why_model(job_id: str, why: Why) -> api.Why:
    """All that is said of a queued job."""
    assert why.ahead is not None, "it was asked for in full"
    return api.Why(
        job_id=job_id,
        state="queued",
        since=why.since,
        waits=tuple(map(wait_model, why.waits)),
        ahead=why.ahead.of_firm,
        ahead_of_all=why.ahead.jobs,
        parks=tuple(map(_park_model, why.parks)),
        quotas=tuple(map(_quota_model, why.quotas)),
        helps=tuple(map(_help_model, why.helps)),
    )


def _park_model(row: ParkRow) -> api.ParkView:
    return api.ParkView(
        park=row.park,
        gpu_class=row.gpu_class,
        allowed=row.allowed,
        gpus=row.gpus,
        free=row.free,
        set_aside=row.set_aside,
        nodes=row.nodes,
        nodes_away=row.nodes_away,
        held_by=dict(row.held_by),
        lacks=wait_model(row.lacks) if row.lacks is not None else None,
    )


def _quota_model(row: QuotaRow) -> api.QuotaView:
    return api.QuotaView(
        quota=row.quota,
        gpu_class=row.gpu_class,
        uses=row.uses,
        limit=limit_or_none(row.limit),
        available=row.available,
    )


def _help_model(one: Help) -> api.Help:
    return api.Help(kind=one.kind, sentence=one.sentence, numbers=dict(one.numbers))
