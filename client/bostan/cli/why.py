"""Why a job waits: the main reason first, then the rest, how it looks in each park, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bostan.cli.forecasts import forecast_of, told
from bostan.cli.options import Format, JobId, Output
from bostan.cli.output import Cell, Column, print_json, print_table, write
from bostan.cli.words import counted, local_time_exact
from bostan.errors import one_line

if TYPE_CHECKING:
    from bostan.api import ParkView, QuotaView, Why

_ROWS_MAX: Final = 20
_COLUMNS: Final = (
    Column("PARK", "shrinks"),
    Column("CLASS", "shrinks"),
    Column("FREE", "number"),
    Column("OF", "number"),
    Column("KEPT", "number"),
    Column("NODES", "number"),
    Column("AWAY", "number"),
    Column("MISSING"),
)
_QUOTA_COLUMNS: Final = (
    Column("QUOTA", "shrinks"),
    Column("CLASS", "shrinks"),
    Column("USES", "number"),
    Column("LIMIT", "number"),
    Column("AVAILABLE", "number"),
)


def why(
    job: JobId,
    forecast: Annotated[
        bool, typer.Option("--forecast/--no-forecast", help="Say also when it will probably start.")
    ] = True,
    output: Output = Format.TABLE,
) -> None:
    """Show why a job waits, what would help, and when it may start."""
    from bostan.cli.session import connect

    with connect() as client:
        answer = client.why(job)
        if forecast and answer.state == "queued":
            answer = answer.model_copy(update={"forecast": forecast_of(client, job)})
    if output is Format.JSON:
        print_json(answer)
    else:
        show_why(answer)


def show_why(answer: Why) -> None:
    """An explanation, for people."""
    for line in _told(answer):
        write(one_line(line))
    if answer.parks:
        write("")
        print_table(_COLUMNS, [_park_row(each) for each in answer.parks[:_ROWS_MAX]])
        if len(answer.parks) > _ROWS_MAX:
            write(f"and {len(answer.parks) - _ROWS_MAX} more: bostan why {answer.job_id} -o json")
    if len(answer.quotas) > 1:
        write("")
        print_table(_QUOTA_COLUMNS, [_quota_row(each) for each in answer.quotas])
    if answer.helps:
        write("")
        write("What would help:")
        for each in answer.helps:
            write(one_line(f"  {each.sentence}"))


def _told(answer: Why) -> Iterator[str]:
    yield f"{answer.job_id} is {answer.state} since {local_time_exact(answer.since)}"
    for place, wait in enumerate(answer.waits):
        yield f"{'also ' if place else ''}{wait.reason}: {wait.sentence}"
    yield from _in_line(answer)
    if answer.forecast is not None:
        yield told(answer.forecast)


def _in_line(answer: Why) -> Iterator[str]:
    own, everybody = answer.ahead or 0, answer.ahead_of_all
    if everybody is None:
        if own:
            yield f"{counted(own, 'job')} of the same firm {_goes(own)} first"
    elif everybody:
        yield f"{counted(everybody, 'job')} {_goes(everybody)} first, {own} of the same firm"


def _goes(number: int) -> str:
    return "goes" if number == 1 else "go"


def _park_row(row: ParkView) -> tuple[Cell, ...]:
    missing = row.lacks.reason if row.lacks else "nothing"
    told = missing if row.allowed else "not allowed by the job"
    return (row.park, row.gpu_class, row.free, row.gpus, row.set_aside, row.nodes, row.nodes_away, told)


def _quota_row(row: QuotaView) -> tuple[Cell, ...]:
    return (row.quota, row.gpu_class, row.uses, "none" if row.limit is None else row.limit, row.available)
