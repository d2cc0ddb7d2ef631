"""What jobs left in their output directories: a list, and the archives themselves."""

from bostan import api
from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from bostan_scheduler.core.instant import DAY_SECONDS
from bostan_scheduler.core.job import Job
from bostan_scheduler.files.errors import BlobUnknown
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import JobId, RankPath
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import Problem, not_found
from bostan_scheduler.http.translate.jobs import outputs_model
from bostan_scheduler.http.views import visible_job

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])


@router.get("/v1/jobs/{job_id}/outputs", response_model=api.Outputs)
async def outputs(front: Here, who: Who, job_id: JobId) -> Response:
    """The newest archive of each rank, and what is still on its way or will never come."""
    job = await visible_job(front, who, job_id)
    return answer(await from_store(_listed, front.parts, job))


@router.get(
    "/v1/jobs/{job_id}/outputs/{rank}",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/gzip": {}}, "description": "A gzip-compressed tar."},
        206: {"content": {"application/gzip": {}}, "description": "The range of it that was asked for."},
    },
)
async def output(front: Here, who: Who, job_id: JobId, rank: RankPath) -> Response:
    """The archive of a rank; ranges of it can be asked for."""
    job = await visible_job(front, who, job_id)
    kept = await from_store(front.parts.reader.outputs, job.id)
    found = [one for one in kept if one.rank == rank]
    if not found:
        raise not_found(f"output of rank {rank} of {job_id}", f"see `/v1/jobs/{job_id}/outputs`")
    blob = found[0].blob
    try:
        path = front.parts.files.blobs.path(blob.sha256)
    except BlobUnknown as error:
        days = front.parts.files.blobs.limits.keep_seconds // DAY_SECONDS
        detail = f"the output of rank {rank} of {job_id} is not kept any more"
        remedy = f"run the job again, and fetch its outputs within {days} days of its end"
        raise Problem(410, detail, remedy) from error
    return FileResponse(path, media_type="application/gzip", headers={"ETag": f'"{blob.sha256}"'})


def _listed(parts: HttpParts, job: Job) -> api.Outputs:
    """First what is on its way, then what is here: what arrives in between is told twice, and never not at all."""
    newest = parts.reader.newest_attempts([job.id]).get(job.id)
    return outputs_model(job, newest, parts.reader.outputs(job.id))
