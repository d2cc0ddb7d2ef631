"""Requests that carry an archive to the centre, part by part, known by its content."""

from __future__ import annotations

from typing import NamedTuple

from bostan.api import Archive
from bostan.requests.base import Answer, Request, at

_NONE_YET, _WRONG_OFFSET = 404, 409


class Reached(NamedTuple):
    """How far an upload is. All bytes may be there, and not yet be whole: the centre was stopped before it checked."""

    offset: int
    whole: bool


def blob_reached(archive: Archive) -> Request[Reached]:
    """How many of the archive's bytes the centre has from us."""

    def read(answer: Answer) -> Reached:
        match answer.status:
            case 404:
                return Reached(0, whole=False)
            case 206:
                return Reached(_upload_offset(answer), whole=False)
            case _:
                return Reached(archive.size_bytes, whole=True)

    return Request("HEAD", at("blobs", archive.sha256), read, understands=frozenset({_NONE_YET}))


def send_blob_part(archive: Archive, offset: int, part: bytes) -> Request[Reached]:
    """Sends the bytes from `offset` on; answers where to go on, which a wrong offset puts right."""

    def read(answer: Answer) -> Reached:
        reached = _upload_offset(answer)
        return Reached(reached, whole=answer.status != _WRONG_OFFSET and reached == archive.size_bytes)

    headers = {
        "Content-Type": "application/octet-stream",
        "Upload-Offset": str(offset),
        "Upload-Length": str(archive.size_bytes),
    }
    return Request(
        "PATCH",
        at("blobs", archive.sha256),
        read,
        content=part,
        headers=headers,
        understands=frozenset({_WRONG_OFFSET}),
    )


def _upload_offset(answer: Answer) -> int:
    return int(answer.headers["upload-offset"])
