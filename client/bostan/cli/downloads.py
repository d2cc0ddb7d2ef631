"""Fetching what a job left in its output directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bostan.cli.options import Format, JobId, Output
from bostan.cli.output import print_json, write
from bostan.cli.progress import transfer_bar
from bostan.cli.session import connect
from bostan.cli.words import counted, size


def download(
    job: JobId,
    folder: Annotated[
        Path | None,
        typer.Option("-C", "--folder", metavar="DIR", help="New or empty folder; omitted: named as the job."),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Fetch a job's outputs: what it wrote into BOSTAN_OUTPUT_DIR. A gang's ranks come as rank-0, rank-1, ..."""
    target = folder or Path(job.replace("/", "-"))
    with connect() as client, transfer_bar("downloading") as bar:
        outputs = client.download(job, target, bar)
    if output is Format.JSON:
        print_json(outputs)
        return
    total = sum(archive.size_bytes for archive in outputs.archives.values())
    write(f"{counted(len(outputs.archives), 'archive')} ({size(total)}) unpacked into {target}")
