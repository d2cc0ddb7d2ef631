"""Fetching what a job left in its output directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, JobId, Output, seconds
from bostan.cli.output import print_json, say, write
from bostan.cli.progress import StatusLine, transfer_bar
from bostan.cli.session import connect
from bostan.cli.words import counted, size

if TYPE_CHECKING:
    from bostan.api import Outputs


def download(
    job: JobId,
    folder: Annotated[
        Path | None,
        typer.Option("-C", "--folder", metavar="DIR", help="New or empty folder; omitted: named as the job."),
    ] = None,
    timeout: Annotated[
        str,
        typer.Option("--timeout", metavar="DURATION", help="How long to wait for what is still on its way."),
    ] = "10m",
    output: Output = Format.TABLE,
) -> None:
    """Fetch a job's outputs: what it wrote into BOSTAN_OUTPUT_DIR. A gang's ranks come as rank-0, rank-1, ..."""
    target = folder or Path(job.replace("/", "-"))
    limit = seconds(timeout, "--timeout")
    with connect() as client, StatusLine() as line, transfer_bar("downloading", line) as bar:
        outputs = client.download(
            job, target, bar, timeout_seconds=limit, on_wait=lambda told: line.show(_awaits(told))
        )
    if output is Format.JSON:
        print_json(outputs)
    else:
        total = sum(archive.size_bytes for archive in outputs.archives.values())
        write(f"{counted(len(outputs.archives), 'archive')} ({size(total)}) unpacked into {target}")
    _tell_lost(outputs)


def _awaits(outputs: Outputs) -> str:
    nodes = sorted(set(outputs.on_the_way.values()))
    return f"{counted(len(outputs.on_the_way), 'archive')} still on the way from {', '.join(nodes[:3])}"


def _tell_lost(outputs: Outputs) -> None:
    """What will never come is a failure, even when the rest came."""
    for rank, why in outputs.lost.items():
        say(f"rank {rank}: its outputs are lost: {why}")
    if outputs.lost:
        raise typer.Exit(1)
