"""Submitting the job of a job file, and what every submission has in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.failures import DETACHED
from bostan.cli.following import follow_job
from bostan.cli.options import Format, Output
from bostan.cli.output import print_json, say, write
from bostan.cli.progress import transfer_bar
from bostan.cli.session import connect
from bostan.errors import BostanError, CannotReach, ServerFault, TimedOut

if TYPE_CHECKING:
    from bostan.api import Job
    from bostan.client import Client
    from bostan.jobfile import JobFile, JobSpec


def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The job file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it, show what would be sent, and send nothing.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Stream its log, and exit with its code.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Submit the job in a job file. Ctrl-C while following leaves the job alone."""
    from bostan.jobfile import read_job

    job = read_job(file)
    with connect() as client:
        if dry_run:
            from bostan.cli.dryrun import dry_run as check

            check(client, job, job.work_folder, output)
            return
        send(client, job, None, follow=follow, output=output)


def send(
    client: Client, wanted: JobSpec | JobFile, folder: Path | None, *, follow: bool, output: Format
) -> None:
    """Submit, and follow when asked to. A job file names the folder to send; `folder` is for what is none."""
    job = _submitted(client, wanted, folder)
    if output is Format.JSON:
        print_json(job)
    elif follow:
        say(f"Submitted {job.id}")
    else:
        write(f"Submitted {job.id}")
        say(f"Follow it: bostan logs -f {job.id}")
    if follow:
        follow_job(client, job.id, output)


def _submitted(client: Client, wanted: JobSpec | JobFile, folder: Path | None) -> Job:
    trouble = _Trouble()
    try:
        with transfer_bar("uploading") as bar:
            return client.submit(wanted, folder, progress=bar, on_trouble=trouble)
    except (CannotReach, TimedOut, ServerFault):
        if trouble.told:
            say("It may have the job all the same: bostan jobs")
        raise
    except KeyboardInterrupt as exc:
        say("Interrupted before the centre had answered; see whether it has the job: bostan jobs")
        raise typer.Exit(DETACHED) from exc


class _Trouble:
    """Says once that the centre is waited for."""

    def __init__(self) -> None:
        self.told = False

    def __call__(self, failure: BostanError) -> None:
        if not self.told:
            from bostan.talks import RESTART_SECONDS_MAX

            say(f"{failure.message.rstrip('.')}; trying again for {RESTART_SECONDS_MAX:.0f} s")
        self.told = True
