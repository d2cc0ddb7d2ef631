"""Archives on their way in: how much of one is here, and its next bytes."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from bostan_scheduler.files.blobs import Absent, BlobState, BlobStore, Complete, Partial
from bostan_scheduler.files.errors import BlobError, DiskFull, HashDiffers, TooLarge, WrongOffset
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.front import Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.params import INT64_MAX, Sha256Hex
from bostan_scheduler.http.problems import Problem

router = APIRouter(route_class=GuardedRoute, tags=["archives"])

_PIECE_BYTES = 2**20
UploadOffset = Annotated[
    int, Header(alias="Upload-Offset", ge=0, le=INT64_MAX, description="of the first byte")
]
UploadLength = Annotated[
    int, Header(alias="Upload-Length", ge=0, le=INT64_MAX, description="of the whole archive")
]
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.head(
    "/v1/blobs/{sha256}",
    responses={
        206: {"description": "The first Upload-Offset bytes are here."},
        404: {"description": "None is."},
    },
)
async def state(front: Here, who: Who, sha256: Sha256Hex) -> Response:
    """How much of an archive your firm has sent: 200 all of it, 206 its first `Upload-Offset` bytes, 404 nothing."""
    match front.parts.files.blobs.state(sha256, who.owner):
        case Complete(size_bytes):
            return Response(status_code=200, headers=_offset(size_bytes))
        case Partial(stored_bytes):
            return Response(status_code=206, headers=_offset(stored_bytes))
        case Absent():
            return Response(status_code=404, headers=_offset(0))


@router.patch("/v1/blobs/{sha256}", status_code=204, openapi_extra=_BYTES)
async def part(
    request: Request, front: Here, who: Who, sha256: Sha256Hex, offset: UploadOffset, length: UploadLength
) -> Response:
    """Keep the bytes of the body, which begin at `Upload-Offset`; the last ones complete the archive."""
    try:
        kept = await _take(front.parts.files.blobs, request, who.owner, sha256, offset, length)
    except BlobError as error:
        raise _problem(error) from error
    return Response(status_code=204, headers=_offset(_reached(kept)))


async def _take(
    blobs: BlobStore, request: Request, owner: str, sha256: str, offset: int, length: int
) -> BlobState:
    """Keep the body in pieces, so that a line that breaks loses no more than one."""
    kept, piece = None, bytearray()
    async for chunk in request.stream():
        piece += chunk
        if len(piece) >= _PIECE_BYTES:
            kept = await blobs.take(sha256, offset, length, bytes(piece), owner)
            offset, piece = offset + len(piece), bytearray()
    if piece or kept is None:
        kept = await blobs.take(sha256, offset, length, bytes(piece), owner)
    return kept


def _reached(state: BlobState) -> int:
    match state:
        case Complete(size_bytes):
            return size_bytes
        case Partial(stored_bytes):
            return stored_bytes
        case Absent():
            return 0


def _problem(error: BlobError) -> Problem:
    match error:
        case WrongOffset(offset=right):
            return Problem(409, str(error), "send from there on", headers=_offset(right))
        case TooLarge():
            return Problem(413, str(error), "send less: leave large files out with .bostanignore")
        case HashDiffers():
            return Problem(422, str(error), "send it again from byte 0", field="body")
        case DiskFull():
            return Problem(507, str(error), "ask whoever runs the centre for room on its disk")
        case _:
            raise error


def _offset(count: int) -> dict[str, str]:
    return {"Upload-Offset": str(count)}
