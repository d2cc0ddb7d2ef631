"""What jobs left in their output directories: a list, and the archives themselves."""

from bostan import api
from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from bostan_scheduler.core.job import Output
from bostan_scheduler.files.errors import BlobUnknown
from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import JobId, RankPath
from bostan_scheduler.http.problems import Problem, not_found
from bostan_scheduler.http.translate.jobs import outputs_model
from bostan_scheduler.http.views import visible_job

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])


@router.get("/v1/jobs/{job_id}/outputs", response_model=api.Outputs)
async def outputs(front: Here, who: Who, job_id: JobId) -> Response:
    """The newest archive of each rank."""
    return answer(outputs_model(job_id, await _outputs(front, who, job_id)))


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
    found = [one for one in await _outputs(front, who, job_id) if one.rank == rank]
    if not found:
        raise not_found(f"output of rank {rank} of {job_id}", f"see `/v1/jobs/{job_id}/outputs`")
    blob = found[0].blob
    try:
        path = front.parts.files.blobs.path(blob.sha256)
    except BlobUnknown as error:
        remedy = "ask whoever runs the centre: its files were removed"
        raise Problem(404, f"the archive {blob.sha256} is not here any more", remedy) from error
    return FileResponse(path, media_type="application/gzip", headers={"ETag": f'"{blob.sha256}"'})


async def _outputs(front: Front, who: Asker, job_id: str) -> list[Output]:
    found = await visible_job(front, who, job_id)
    return list(await from_store(front.parts.reader.outputs, found.id))
