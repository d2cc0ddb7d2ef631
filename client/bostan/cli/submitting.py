"""Submitting jobs: from a job file, or from the words of the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bostan.cli.following import follow_job
from bostan.cli.options import Format, Output
from bostan.cli.output import print_json, say, write
from bostan.cli.progress import transfer_bar
from bostan.cli.session import connect
from bostan.errors import FileProblem, InvalidFile

if TYPE_CHECKING:
    from bostan.api import Job
    from bostan.client import Client
    from bostan.jobfile import JobSpec

FirmChoice = Annotated[str | None, typer.Option("--firm", help="The firm; omitted: yours.")]
ProjectChoice = Annotated[str | None, typer.Option("--project", help="The project; omitted: yours.")]


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
        send(client, job.spec, job.work_folder, follow=follow, output=output)


def run(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its words.")],
    gpus: Annotated[int, typer.Option("--gpus", "-g", min=0, help="Whole GPUs for each replica.")] = 1,
    gpu_class: Annotated[
        list[str] | None,
        typer.Option("--class", "-c", metavar="CLASS", help="GPU class, best first; repeatable."),
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="Members of the gang.")] = 1,
    name: Annotated[str | None, typer.Option("--name", help="Omitted: the program's name.")] = None,
    time_limit: Annotated[str, typer.Option("--time-limit", metavar="DURATION", help="As 2h or 1d.")] = "1d",
    cpus: Annotated[int | None, typer.Option("--cpus", min=1, help="CPUs for each replica.")] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="As 40GiB, for each.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", "-e", metavar="NAME[=VALUE]", help="Environment; repeatable.")
    ] = None,
    park: Annotated[list[str] | None, typer.Option("--park", help="Only in this park; repeatable.")] = None,
    work_dir: Annotated[
        Path | None, typer.Option("--work-dir", metavar="DIR", help="The folder to send; omitted: this one.")
    ] = None,
    no_work_dir: Annotated[bool, typer.Option("--no-work-dir", help="Send no folder.")] = False,
    checkpoint_signal: Annotated[
        bool, typer.Option("--checkpoint-signal", help="The program saves itself on SIGUSR1.")
    ] = False,
    firm: FirmChoice = None,
    project: ProjectChoice = None,
    detached: Annotated[
        bool, typer.Option("--detach", "-d", help="Do not follow it; say its id and return.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Run a command on GPUs, stream its log, and exit with its code. Ctrl-C leaves the job alone."""
    from bostan.jobfile import job_from

    wanted = {
        "name": name or _name_of(command),
        "command": command,
        "gpus": gpus,
        "gpu_classes": gpu_class or [],
        "replicas": replicas,
        "time_limit": time_limit,
        "env": _environment(env or []),
        "work_dir": None,
        "parks": {"allow": park or []},
        "checkpoint": {"signal": True} if checkpoint_signal else None,
    }
    chosen = {"cpus": cpus, "memory": memory, "firm": firm, "project": project}
    spec = job_from(wanted | {key: value for key, value in chosen.items() if value is not None})
    folder = None if no_work_dir else work_dir or Path()
    with connect() as client:
        send(client, spec, folder, follow=not detached, output=output)


def _name_of(command: list[str]) -> str:
    """A job name from the program's file name, less what a name may not hold."""
    name = "".join(letter for letter in Path(command[0]).name if letter.isascii() and letter.isalnum())
    return name[:63] or "job"


def _environment(given: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` as it stands, `NAME` alone with the value that it has here."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals and name not in os.environ:
            problem = f"{name} is not set here"
            raise InvalidFile([FileProblem("command line", None, "--env", problem, f"write {name}=VALUE")])
        found[name] = value if equals else os.environ[name]
    return found


def send(client: Client, spec: JobSpec, folder: Path | None, *, follow: bool, output: Format) -> None:
    """Submit, and follow when asked to. Until the centre has answered, Ctrl-C submits nothing that is followed."""
    job = _submitted(client, spec, folder)
    if output is Format.JSON:
        print_json(job)
    elif follow:
        say(f"Submitted {job.id}")
    else:
        write(f"Submitted {job.id}")
        say(f"Follow it: bostan logs -f {job.id}")
    if follow:
        follow_job(client, job.id, output)


def _submitted(client: Client, spec: JobSpec, folder: Path | None) -> Job:
    sends_nothing = spec.model_copy(update={"work_dir": None})
    with transfer_bar("uploading") as bar:
        return client.submit(sends_nothing, folder, progress=bar)
