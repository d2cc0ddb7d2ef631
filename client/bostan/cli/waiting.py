"""Waiting for a job's end without its log."""

from __future__ import annotations

from typing import Annotated

import typer

from bostan.cli.following import conclude, detach
from bostan.cli.options import Format, JobId, Output, seconds
from bostan.cli.progress import WaitLine
from bostan.cli.session import connect


def wait(
    job: JobId,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DURATION", help="Give up after this, as 30m or 2h.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Wait until a job is finished, and exit with its code."""
    limit = None if timeout is None else seconds(timeout, "--timeout")
    with connect() as client:
        try:
            with WaitLine() as line:
                finished = client.wait(job, limit, line.show_job)
        except KeyboardInterrupt as exc:
            raise detach(job) from exc
    conclude(finished, output)
