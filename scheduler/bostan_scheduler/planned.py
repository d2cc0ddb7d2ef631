"""`bostan-scheduler dump` and `replay`: what the scheduler would decide, and whether it decides the same again."""

import json
from pathlib import Path
from typing import Annotated

import typer
from bostan.cli.options import Format, instant
from bostan.cli.words import local_time_exact

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.shell import Config, DataDir, plain_errors, say, settings_from, show

EXAMPLE_DUMP = (
    "Examples: bostan-scheduler dump --data-dir /var/lib/bostan --anonymise -o dump.json.gz · "
    "bostan-scheduler dump --data-dir /var/lib/bostan --at 2h -o before.json.gz"
)
EXAMPLES_REPLAY = (
    "Examples: bostan-scheduler replay dump.json.gz --order fifo · "
    "bostan-scheduler replay --log /var/lib/bostan/decisions --since 7d"
)

At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="The newest that was kept by then: a local time, or how long ago, as 2h."
    ),
]
File = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The file, packed if it ends in .gz; else standard output."),
]
Anonymise = Annotated[
    bool,
    typer.Option("--anonymise", help="Pseudonyms for firms, parks, nodes, jobs and people; no free text."),
]
Commands = Annotated[
    bool, typer.Option("--with-commands", help="Keep commands and environments of jobs, secrets included.")
]
Snapshot = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A dump, or a snapshot of a log; - is standard input.")
]
OrderName = Annotated[
    str | None,
    typer.Option("--order", metavar="|".join(ORDERS), help="Serve jobs in this order instead."),
]
Log = Annotated[
    Path | None, typer.Option("--log", help="Compare each decision of this log; exit 1 when one differs.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Decisions from then on: 2026-01-31, or 7d.")
]
Shape = Annotated[Format, typer.Option("--output", "-o", help="table for people; json for programs.")]


def dump(
    config: Config = None,
    data_dir: DataDir = None,
    at: At = None,
    output: File = None,
    anonymise: Anonymise = False,
    with_commands: Commands = False,
) -> None:
    """Write down all that the next plan would look at, from the store of a centre that runs or not.

    With --at it is what a plan has looked at: the newest snapshot that the log of decisions kept by then.
    """
    with plain_errors():
        from bostan_scheduler.dumps import Wanted
        from bostan_scheduler.dumps import dump as write

        by = None if at is None else instant(at, "--at")
        wanted = Wanted(wall_ms(), by, with_commands, anonymise)
        done = write(settings_from(config, {"data_dir": data_dir}), wanted, output)
        what = f"{done.jobs} unfinished jobs and {done.nodes} nodes, snapshot {done.sha256}"
        say(f"{local_time_exact(done.at)}: {what}")


def replay(
    file: Snapshot = None,
    order: OrderName = None,
    output: Shape = Format.TABLE,
    log: Log = None,
    since: Since = None,
) -> None:
    """Plan again: from a file, or each decision of a log whose snapshot was kept."""
    if (file is None) == (log is None):
        raise typer.BadParameter("give either FILE or --log")
    if order is not None and order not in ORDERS:
        raise typer.BadParameter(f"--order {order} is not known; one of {', '.join(ORDERS)} is")
    with plain_errors():
        if log is not None:
            _refuse("--order", given=order is not None, without="--log")
            _replay_log(log, since)
        if file is not None:
            _refuse("--since", given=since is not None, without="FILE")
            _replay_file(file, order, output)


def _refuse(option: str, *, given: bool, without: str) -> None:
    if given:
        raise typer.BadParameter(f"{option} means nothing with {without}; remove it")


def _replay_log(log: Path, since: str | None) -> None:
    from bostan_scheduler.replays import replay_log

    same = replay_log(log, 0 if since is None else instant(since, "--since"), show)
    raise typer.Exit(0 if same else 1)


def _replay_file(file: Path, order: str | None, output: Format) -> None:
    from bostan_scheduler.replays import as_json, as_lines, replay_file

    entry = replay_file(file, order)
    if output is Format.JSON:
        show(json.dumps(as_json(entry), indent=2, ensure_ascii=False))
    else:
        show("\n".join(as_lines(entry)))
