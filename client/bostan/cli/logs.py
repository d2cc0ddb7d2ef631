"""A job's log: what there is of it, or as it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.following import detach, stream_log, write_log
from bostan.cli.options import Format, JobId, Output
from bostan.cli.session import connect

if TYPE_CHECKING:
    from bostan.client import Client

_RANGE_BYTES = 4 * 2**20


def logs(
    job: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
    rank: Annotated[int, typer.Option("--rank", min=0, help="Of this member of the gang.")] = 0,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, help="From this attempt on; omitted: the newest.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Write a job's log. With -o json, each line is a piece: attempt, rank, offset, text64."""
    with connect() as client:
        if not follow:
            _write_all(client, job, rank, attempt, output)
            return
        try:
            stream_log(client, job, rank=rank, attempt=attempt, output=output)
        except KeyboardInterrupt as exc:
            raise detach(job) from exc


def _write_all(client: Client, job: str, rank: int, attempt: int | None, output: Format) -> None:
    """Everything that is there now, in ranges, all of one attempt."""
    from bostan.follow import LogChunk

    offset = 0
    while True:
        part = client.logs(job, rank=rank, attempt=attempt, offset=offset, limit=_RANGE_BYTES)
        if not part.data:
            return
        write_log(LogChunk(part.attempt, rank, part.offset, part.data), output)
        attempt, offset = part.attempt, part.next_offset
