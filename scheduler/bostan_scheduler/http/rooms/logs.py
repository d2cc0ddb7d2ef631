"""The logs of ranks: bytes by offset, or a stream of them as they grow."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from bostan_scheduler.core.draft import attempt_id
from bostan_scheduler.core.job import Job
from bostan_scheduler.files.logs import LogRange
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.follow import LogFollower, is_whole
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import INT64_MAX, JobId, Offset
from bostan_scheduler.http.problems import not_found
from bostan_scheduler.http.sse import EventStream
from bostan_scheduler.http.views import visible_job

router = APIRouter(route_class=GuardedRoute, tags=["jobs"])

Number = Annotated[
    int | None, Query(ge=1, le=1_000_000_000, description="the attempt's number; default: newest")
]
Rank = Annotated[int, Query(ge=0, lt=1_000_000)]
Limit = Annotated[int | None, Query(ge=1, le=INT64_MAX, description="bytes; the centre may send fewer")]
_HEADERS = {
    name: {"schema": {"type": kind}, "description": text}
    for name, kind, text in (
        ("Log-Offset", "integer", "of the first byte; later than asked for where older bytes are not kept"),
        ("Log-Next-Offset", "integer", "where to go on"),
        ("Log-Complete", "boolean", "whether nothing will follow"),
        ("Log-Attempt", "integer", "the attempt's number; 0 while there is none"),
    )
}


@router.get(
    "/v1/jobs/{job_id}/logs",
    response_class=Response,
    responses={
        200: {
            "content": {"application/octet-stream": {}, "text/event-stream": {}},
            "description": "Raw bytes, or with `follow` events named data, attempt and end.",
            "headers": _HEADERS,
        }
    },
)
async def logs(
    front: Here,
    who: Who,
    job_id: JobId,
    attempt: Number = None,
    rank: Rank = 0,
    offset: Offset = 0,
    limit: Limit = None,
    follow: bool = False,
) -> Response:
    """A rank's log from `offset` on."""
    job = await visible_job(front, who, job_id)
    _check_place(job, attempt, rank)
    if follow:
        follower = LogFollower(front, job, rank, attempt or 0, offset)
        return EventStream(front.followers.counted(who.token.id, follower.events()))
    number = attempt or job.attempts
    if not number:
        return _bytes(0, LogRange(0, b"", 0, complete=False))
    size = min(limit or front.parts.limits.log_bytes_default, front.parts.files.logs.limits.read_bytes_max)
    return _bytes(number, await _read(front, attempt_id(job.id, number), rank, offset, size))


def _check_place(job: Job, attempt: int | None, rank: int) -> None:
    if rank >= job.spec.replicas:
        raise not_found(f"rank {rank} of {job.id}", f"its ranks are 0 to {job.spec.replicas - 1}")
    if attempt is not None and attempt > job.attempts:
        raise not_found(f"attempt {attempt} of {job.id}", f"it has had {job.attempts}")


async def _read(front: Front, key: str, rank: int, offset: int, size: int) -> LogRange:
    parts = front.parts
    attempt = await from_store(
        parts.reader.attempt, key
    )  # first: so what it says of the end holds for the bytes
    found = await from_store(parts.files.logs.read, key, rank, offset, size)
    patience = parts.limits.log_end_seconds
    whole = found.complete or (
        len(found.data) < size and is_whole(attempt, rank, found.next_offset, parts.clock(), patience)
    )
    return LogRange(found.offset, found.data, found.next_offset, whole)


def _bytes(number: int, found: LogRange) -> Response:
    headers = {
        "Log-Offset": str(found.offset),
        "Log-Next-Offset": str(found.next_offset),
        "Log-Complete": "true" if found.complete else "false",
        "Log-Attempt": str(number),
        "Cache-Control": "no-store",
    }
    return Response(found.data, 200, headers, "application/octet-stream")
