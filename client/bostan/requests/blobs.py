"""Requests that carry an archive to the centre, part by part, known by its content."""

from __future__ import annotations

from bostan.api import Archive
from bostan.requests.base import Answer, Request, at

_NONE_YET, _WRONG_OFFSET = 404, 409


def blob_offset(archive: Archive) -> Request[int]:
    """How many of the archive's bytes the centre has."""

    def read(answer: Answer) -> int:
        match answer.status:
            case 404:
                return 0
            case 206:
                return _upload_offset(answer)
            case _:
                return archive.size_bytes

    return Request("HEAD", at("blobs", archive.sha256), read, understands=frozenset({_NONE_YET}))


def send_blob_part(archive: Archive, offset: int, part: bytes) -> Request[int]:
    """Sends the bytes from `offset` on; answers where to go on, which a wrong offset puts right."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Upload-Offset": str(offset),
        "Upload-Length": str(archive.size_bytes),
    }
    return Request(
        "PATCH",
        at("blobs", archive.sha256),
        _upload_offset,
        content=part,
        headers=headers,
        understands=frozenset({_WRONG_OFFSET}),
    )


def _upload_offset(answer: Answer) -> int:
    return int(answer.headers["upload-offset"])
