"""Forecasts, as the contract shows them."""

from bostan import api

from bostan_scheduler.core.foretold import WHY_UNFORESEEN, Forecast, Foretold
from bostan_scheduler.core.instant import Instant, after


def forecast_model(job_id: str | None, forecast: Forecast) -> api.Forecast:
    """When a job will probably start, as instants; or why nothing is said."""
    if not isinstance(forecast, Foretold):
        detail = WHY_UNFORESEEN[forecast]
        return api.Forecast(job_id=job_id, available=False, reason=forecast, detail=detail)
    return api.Forecast(
        job_id=job_id,
        available=True,
        at=forecast.at,
        p10_at=_instant(forecast.at, forecast.p10_seconds),
        p50_at=_instant(forecast.at, forecast.p50_seconds),
        p90_at=_instant(forecast.at, forecast.p90_seconds),
        horizon_seconds=forecast.horizon_seconds,
        samples=forecast.samples,
        basis=forecast.basis,
    )


def _instant(at: Instant, seconds: int | None) -> Instant | None:
    return None if seconds is None else after(at, seconds)
