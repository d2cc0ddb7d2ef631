"""Forecasts: when a waiting job will probably start, and when one would that is not submitted."""

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.bodies import answer, json_bytes, parsed, takes
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import JobId
from bostan_scheduler.http.rooms.submitting import check_owner
from bostan_scheduler.http.translate.forecasts import forecast_model
from bostan_scheduler.http.translate.newjob import job_spec
from bostan_scheduler.http.views import visible_job

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])


@router.get("/v1/jobs/{job_id}/forecast", response_model=api.Forecast)
async def forecast(front: Here, who: Who, job_id: JobId) -> Response:
    """When a waiting job will probably start, or in one word why that cannot be said."""
    found = await visible_job(front, who, job_id)
    return answer(forecast_model(found.id, await front.parts.forecaster.forecast(found.id)))


@router.post("/v1/forecasts", response_model=api.Forecast, openapi_extra=takes(api.NewJob))
async def estimate(request: Request, front: Here, who: Who) -> Response:
    """When a job would probably start if it were submitted now; it is not. Its work directory need not be here."""
    job = parsed(await json_bytes(request), api.NewJob)
    check_owner(who, job, "")
    spec = job_spec(job)
    await front.grounds.check_possible((job,), lambda _: "")
    return answer(forecast_model(None, await front.parts.forecaster.forecast(spec)))
