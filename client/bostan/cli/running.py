"""`bostan run`: a job from the words of the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bostan.cli.options import Format, Output
from bostan.cli.session import connect
from bostan.cli.submitting import send
from bostan.errors import FileProblem, InvalidFile

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its words.")]
Gpus = Annotated[int, typer.Option("--gpus", "-g", min=0, help="Whole GPUs for each replica.")]
Classes = Annotated[
    list[str] | None,
    typer.Option("--class", "-c", metavar="CLASS", help="GPU class, best first; repeatable."),
]
GpuMilli = Annotated[
    int, typer.Option("--gpu-milli", min=1, max=1000, help="Thousandths of one GPU, shared within the firm.")
]
Replicas = Annotated[int, typer.Option("--replicas", min=1, help="Members of the gang.")]
Name = Annotated[str | None, typer.Option("--name", help="Omitted: the program's name.")]
TimeLimit = Annotated[str, typer.Option("--time-limit", metavar="DURATION", help="As 2h or 1d.")]
Qos = Annotated[str, typer.Option("--qos", metavar="QOS", help="reserved, standard or scavenger.")]
Estimate = Annotated[
    str | None,
    typer.Option("--estimate", metavar="DURATION", help="How long it probably runs, as 3h; omitted: learnt."),
]
Speeds = Annotated[
    list[str] | None,
    typer.Option("--speed", metavar="CLASS=NUMBER", help="How fast it is on a class; repeatable."),
]
Cpus = Annotated[int | None, typer.Option("--cpus", min=1, help="CPUs for each replica.")]
Memory = Annotated[str | None, typer.Option("--memory", metavar="SIZE", help="As 40GiB, for each replica.")]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", "-e", metavar="NAME[=VALUE]", help="Environment; repeatable. NAME: as it is here."),
]
ParkChoice = Annotated[
    list[str] | None, typer.Option("--park", metavar="PARK", help="Only here; repeatable.")
]
WorkDir = Annotated[
    Path | None, typer.Option("--work-dir", metavar="DIR", help="The folder to send; omitted: this one.")
]
NoWorkDir = Annotated[bool, typer.Option("--no-work-dir", help="Send no folder.")]
CheckpointSignal = Annotated[
    bool, typer.Option("--checkpoint-signal", help="The program saves itself on SIGUSR1.")
]
FirmChoice = Annotated[str | None, typer.Option("--firm", metavar="FIRM", help="Omitted: yours.")]
ProjectChoice = Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Omitted: yours.")]
Detached = Annotated[bool, typer.Option("--detach", "-d", help="Say its id and return; do not follow it.")]


def run(
    command: Command,
    gpus: Gpus = 1,
    gpu_milli: GpuMilli = 1000,
    gpu_class: Classes = None,
    replicas: Replicas = 1,
    name: Name = None,
    time_limit: TimeLimit = "1d",
    qos: Qos = "standard",
    estimate: Estimate = None,
    speed: Speeds = None,
    cpus: Cpus = None,
    memory: Memory = None,
    env: Env = None,
    park: ParkChoice = None,
    work_dir: WorkDir = None,
    no_work_dir: NoWorkDir = False,
    checkpoint_signal: CheckpointSignal = False,
    firm: FirmChoice = None,
    project: ProjectChoice = None,
    detached: Detached = False,
    output: Output = Format.TABLE,
) -> None:
    """Run a command on GPUs, follow it, and exit with its code. Ctrl-C leaves the job alone."""
    from bostan.jobfile import job_from

    fields = {
        "name": name or _name_of(command),
        "command": command,
        "gpus": gpus,
        "gpu_milli": gpu_milli,
        "gpu_classes": gpu_class or [],
        "replicas": replicas,
        "time_limit": time_limit,
        "qos": qos,
        "estimate": estimate,
        "speeds": _speeds(speed or []),
        "cpus": cpus,
        "memory": memory,
        "env": _environment(env or []),
        "parks": {"allow": park or []},
        "checkpoint": {"signal": checkpoint_signal},
        "firm": firm,
        "project": project,
    }
    given = {key: value for key, value in fields.items() if value is not None}
    spec = job_from({**given, "work_dir": None})
    folder = None if no_work_dir else work_dir or Path()
    with connect() as client:
        send(client, spec, folder, follow=not detached, output=output)


def _name_of(command: Sequence[str]) -> str:
    """A job name from the program's file name, less what a name may not hold."""
    name = "".join(letter for letter in Path(command[0]).name if letter.isascii() and letter.isalnum())
    return name[:63] or "job"


def _speeds(given: Sequence[str]) -> dict[str, float]:
    """`CLASS=NUMBER`, each class once."""
    found: dict[str, float] = {}
    for each in given:
        gpu_class, _, number = each.partition("=")
        try:
            found[gpu_class] = float(number)
        except ValueError as exc:
            problem = f"{each!r} is not a class and its speed"
            remedy = "write it as a100-80g=1.0"
            raise InvalidFile([FileProblem("command line", None, "--speed", problem, remedy)]) from exc
    return found


def _environment(given: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` as it stands, `NAME` alone with the value that it has here."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals and name not in os.environ:
            problem = f"{name} is not set here"
            raise InvalidFile([FileProblem("command line", None, "--env", problem, f"write {name}=VALUE")])
        found[name] = value if equals else os.environ[name]
    return found
