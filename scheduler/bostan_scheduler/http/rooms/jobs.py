"""Jobs: listed, shown, explained, cancelled and requeued."""

from bostan import api
from fastapi import APIRouter, Request, Response

from bostan_scheduler.core.job import Active, Finished, Job, Queued
from bostan_scheduler.core.reports import CancelAsked, RequeueAsked
from bostan_scheduler.core.why.viewer import Viewer
from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import ask, from_store, tell
from bostan_scheduler.http.bodies import answer, read_body, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_by, page_of
from bostan_scheduler.http.params import JobId, Word
from bostan_scheduler.http.problems import Problem, not_found
from bostan_scheduler.http.translate.attempts import attempt_model
from bostan_scheduler.http.translate.jobs import state_of
from bostan_scheduler.http.translate.why import why_model
from bostan_scheduler.http.views import job_view, job_views, visible_job
from bostan_scheduler.service.messages import AskWhy, Tell, WhyAnswer

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])


@router.get("/v1/jobs", response_model=api.Page[api.Job])
async def jobs(
    front: Here,
    who: Who,
    wanted: Wanted,
    firm: Word | None = None,
    project: Word | None = None,
    phase: api.Phase | None = None,
    name: Word | None = None,
) -> Response:
    """Jobs that the asker sees, newest first."""
    which = who.narrowed(firm, project, phase, name)
    before = wanted.after(int, str)
    found = await from_store(front.parts.reader.jobs, which, before, wanted.limit + 1)
    shown = await job_views(front, found[: wanted.limit])
    last = (shown[-1].submitted_at, shown[-1].id) if shown else ()
    return answer(page_of(shown, len(found) > len(shown), *last))


@router.get("/v1/jobs/{job_id}", response_model=api.Job)
async def job(front: Here, who: Who, job_id: JobId) -> Response:
    """A job, with why it waits when it does."""
    found = await visible_job(front, who, job_id)
    return answer(await job_view(front, found.id))


@router.get("/v1/jobs/{job_id}/attempts", response_model=api.Page[api.Attempt])
async def attempts(front: Here, who: Who, job_id: JobId, wanted: Wanted) -> Response:
    """Every try at a job, oldest first."""
    found = await visible_job(front, who, job_id)
    tries = await from_store(front.parts.reader.attempts, found.id)
    part, cursor = page_by(tries, lambda attempt: f"{attempt.number:09d}", wanted)
    length = front.parts.files.logs.next_offset
    shown = tuple(attempt_model(attempt, found, length) for attempt in part)
    return answer(api.Page(items=shown, next_cursor=cursor))


@router.get("/v1/jobs/{job_id}/why", response_model=api.Why)
async def why(front: Here, who: Who, job_id: JobId) -> Response:
    """Why a job waits, the main reason first, and what would help; nothing when it does not wait."""
    found = await visible_job(front, who, job_id)
    if who.park is not None and not found.spec.parks.admit(who.park):
        raise not_found(f"job {job_id}", f"only jobs that may run in {who.park} are explained to you")
    waits = isinstance(found.phase, Queued)
    return answer(await (_why_queued(front, who, found) if waits else _why_not(front, found)))


async def _why_queued(front: Front, who: Asker, job: Job) -> api.Why:
    try:
        reply = await ask(front.parts, AskWhy(job.id, Viewer(who.firm, who.park), in_full=True))
    except Problem as problem:
        if problem.status != 404:
            raise
        return await _why_not(front, await _read_again(front, job))  # it has started meanwhile
    assert isinstance(reply, WhyAnswer)
    return why_model(job.id, reply.why)


async def _read_again(front: Front, job: Job) -> Job:
    return await from_store(front.parts.reader.job, job.id) or job


async def _why_not(front: Front, job: Job) -> api.Why:
    newest = (await from_store(front.parts.reader.newest_attempts, [job.id])).get(job.id)
    match job.phase:
        case Queued(since=since):
            pass
        case Active():
            since = newest.started_at or newest.created_at if newest else job.submitted_at
        case Finished(at=since):
            pass
    return api.Why(job_id=job.id, state=state_of(job, newest), since=since, waits=())


@router.post(
    "/v1/jobs/{job_id}/cancel",
    status_code=202,
    response_model=api.Job,
    openapi_extra=takes(api.Cancel, required=False),
)
async def cancel(request: Request, front: Here, who: Who, job_id: JobId) -> Response:
    """Stop a job for good."""
    found = await visible_job(front, who, job_id)
    order = await read_body(request, api.Cancel)
    await _steer(front, found, Tell(CancelAsked(found.id, who.name, order.reason)))
    return answer(await job_view(front, found.id), 202)


@router.post(
    "/v1/jobs/{job_id}/requeue",
    status_code=202,
    response_model=api.Job,
    openapi_extra=takes(api.Requeue, required=False),
)
async def requeue(request: Request, front: Here, who: Who, job_id: JobId) -> Response:
    """Stop a job's attempt, with a checkpoint if wished, and queue the job again."""
    found = await visible_job(front, who, job_id)
    order = await read_body(request, api.Requeue)
    wish = RequeueAsked(found.id, who.name, order.checkpoint, order.avoid_node)
    await _steer(front, found, Tell(wish))
    return answer(await job_view(front, found.id), 202)


async def _steer(front: Front, job: Job, wish: Tell) -> None:
    """Ask the leader; a job that it does not know any more has finished."""
    finished = Problem(409, f"{job.id} has finished", f"see `bostan show {job.id}`")
    if isinstance(job.phase, Finished):
        raise finished
    try:
        await tell(front.parts, wish)
    except Problem as problem:
        raise finished if problem.status == 404 else problem from problem.__cause__
