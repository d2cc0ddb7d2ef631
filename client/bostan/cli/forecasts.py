"""When a job will probably start: one that waits, and one that is not submitted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bostan.cli.options import Format, Output
from bostan.cli.output import print_json, write
from bostan.cli.progress import StatusLine
from bostan.cli.words import counted, local_time
from bostan.errors import Answered, one_line

if TYPE_CHECKING:
    from bostan.api import Forecast
    from bostan.client import Client

_DAY: Final = 86_400
_BASES: Final = {
    "runs": "by how long jobs like it ran",
    "estimate": "by its estimate",
    "guess": "by a guess: it has no estimate, and nothing like it has run",
}


def estimate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The job file.")],
    output: Output = Format.TABLE,
) -> None:
    """Say when the job in a job file would probably start. Nothing is submitted. Exits with 1 when that cannot be said."""
    from bostan.cli.session import connect
    from bostan.jobfile import read_job

    job = read_job(file)
    with connect() as client, StatusLine() as line:
        line.show("Playing possible futures of the pool")
        found = client.estimate(job)
    if output is Format.JSON:
        print_json(found)
    else:
        write(one_line(told(found)))
    if not found.available:
        raise typer.Exit(1)


def forecast_of(client: Client, job_id: str) -> Forecast | None:
    """The forecast of a waiting job; None of a centre that makes none, or cannot now, and a word about why."""
    with StatusLine() as line:
        line.show("Playing possible futures of the pool")
        try:
            return client.forecast(job_id)
        except Answered as error:
            refused = error
    typer.echo(f"no forecast: {refused}", err=True)
    return None


def told(found: Forecast) -> str:
    """A forecast as one line."""
    if not found.available:
        return f"no forecast ({found.reason}): {found.detail}"
    if found.p90_at is not None and found.p90_at == found.at:
        return f"it starts at once, in nine of ten of {counted(found.samples, 'possible future')}"
    span = f"starts between {_when(found, found.p10_at)} and {_when(found, found.p90_at)}"
    bounds = f"P50 {_when(found, found.p50_at)}, P90 {_when(found, found.p90_at)}"
    return f"{span} ({bounds}), {_BASES.get(found.basis, found.basis)}"


def _when(found: Forecast, at: int | None) -> str:
    return local_time(at) or f"later than in {counted(found.horizon_seconds // _DAY, 'day')}"
