"""Submitting jobs: checked here against what is known, made durable by the leader, answered after the commit."""

from collections.abc import Sequence

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.reports import JobsSubmitted
from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import tell
from bostan_scheduler.http.bodies import answer, json_bytes, parsed, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.grounds import At
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.once import Key, once
from bostan_scheduler.http.problems import Problem
from bostan_scheduler.http.translate.jobs import JobView, job_model
from bostan_scheduler.http.translate.newjob import job_spec
from bostan_scheduler.http.views import job_view
from bostan_scheduler.service.messages import Done, Idempotency, Tell

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])


@router.post("/v1/jobs", status_code=201, response_model=api.Job, openapi_extra=takes(api.NewJob))
async def submit(request: Request, front: Here, who: Who, key: Key = None) -> Response:
    """Queue a job. It is durable once this is answered."""
    raw = await json_bytes(request)
    job = parsed(raw, api.NewJob)
    ours, done = await _submitted(front, who, (job,), lambda _: "", once(who, key, b"job", raw))
    (job_id,) = done.ids
    shown = _fresh(front, who, job, done) if done.ids == ours else await job_view(front, job_id)
    return answer(shown, 201, {"Location": f"/v1/jobs/{job_id}"})


@router.post(
    "/v1/job-batches", status_code=201, response_model=api.BatchReceipt, openapi_extra=takes(api.Batch)
)
async def submit_batch(request: Request, front: Here, who: Who, key: Key = None) -> Response:
    """Queue several jobs, all or none."""
    raw = await json_bytes(request)
    jobs = parsed(raw, api.Batch).jobs
    repeat = once(who, key, b"batch", raw)
    _, done = await _submitted(front, who, jobs, lambda place: f"jobs.{place}.", repeat)
    return answer(api.BatchReceipt(ids=done.ids), 201)


async def _submitted(
    front: Front, who: Asker, jobs: Sequence[api.NewJob], at: At, once: Idempotency | None
) -> tuple[tuple[str, ...], Done]:
    """The ids that were made here, and the answer, which has others when the request is a repeat."""
    for place, job in enumerate(jobs):
        check_owner(who, job, at(place))
    specs = tuple(job_spec(job, at(place)) for place, job in enumerate(jobs))
    await front.grounds.check(jobs, at, who.owner)
    ours = front.ids.make(front.parts.clock(), len(jobs))
    return ours, await tell(front.parts, Tell(JobsSubmitted(ours, specs, who.name), once))


def check_owner(who: Asker, job: api.NewJob, at: str) -> None:
    if who.firm is not None and job.firm != who.firm:
        remedy = f"write {who.firm}"
        raise Problem(403, f"firm: your token is for {who.firm}", remedy, field=f"{at}firm")
    if who.project is not None and job.project != who.project:
        remedy = f"write {who.project}"
        raise Problem(403, f"project: your token is for {who.project}", remedy, field=f"{at}project")


def _fresh(front: Front, who: Asker, new: api.NewJob, done: Done) -> api.Job:
    """A job that was queued just now; reading it back would cost as much as all the rest."""
    job = Job(done.ids[0], job_spec(new), done.at, who.name, Queued(done.at))
    return job_model(JobView(job), front.parts.files.logs.next_offset, new)
