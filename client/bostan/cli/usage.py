"""What was used, by firm, project and GPU class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import FirmFilter, Format, Output, instant
from bostan.cli.output import Cell, Column, emit, say
from bostan.cli.session import connect
from bostan.cli.words import gpu_hours, local_time_exact

if TYPE_CHECKING:
    from bostan.api import FirmUsage

_COLUMNS = (
    Column("FIRM", "shrinks"),
    Column("PROJECT", "shrinks"),
    Column("CLASS"),
    Column("JOBS", "number"),
    Column("GPU-SECONDS", "number"),
    Column("GPU-HOURS", "number"),
)
_WHEN = "A local date, a date and time, or how long ago: 2026-01-31, 7d."


def usage(
    firm: FirmFilter = None,
    from_at: Annotated[str | None, typer.Option("--from", metavar="WHEN", help=_WHEN)] = None,
    until_at: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Omitted: now.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show the GPU time that was used."""
    begins = None if from_at is None else instant(from_at, "--from")
    ends = None if until_at is None else instant(until_at, "--until")
    with connect() as client:
        used = client.usage(firm=firm, from_at=begins, until_at=ends)
    if used.rows or output is Format.JSON:
        emit(used, output, _COLUMNS, [_row(each) for each in used.rows])
    else:
        say("No GPU time was used")
    say(f"From {local_time_exact(used.from_at)} until {local_time_exact(used.until_at)}")


def _row(row: FirmUsage) -> tuple[Cell, ...]:
    used = row.gpu_milliseconds
    return (row.firm, row.project, row.gpu_class, row.jobs, f"{used / 1000:,.3f}", gpu_hours(used))
