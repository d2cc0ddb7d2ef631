"""Parks: the list, a new one, and the secret for its agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, Output
from bostan.cli.output import Cell, Column, emit_items, print_json, say, write
from bostan.cli.session import connect
from bostan.cli.words import local_time

if TYPE_CHECKING:
    from bostan.api import Park

_COLUMNS = (
    Column("PARK"),
    Column("NAME", "shrinks"),
    Column("NODES", "number"),
    Column("SILENT", "number"),
    Column("GPUS", "number"),
    Column("FREE", "number"),
    Column("AHEAD", "shrinks"),
)
ParkId = Annotated[str, typer.Argument(metavar="PARK", help="The park's id.")]


def parks(output: Output = Format.TABLE) -> None:
    """List the parks, and what lies ahead of each."""
    with connect() as client:
        emit_items(
            client.parks(),
            output,
            _COLUMNS,
            _row,
            "There are no parks",
        )


def _row(park: Park) -> tuple[Cell, ...]:
    counted = (park.nodes, park.nodes_silent, park.gpus, park.gpus_free)
    return (park.id, park.name, *counted, _ahead(park))


def _ahead(park: Park) -> str | None:
    """The next window that has a begin and an end; what a park keeps always is in JSON."""
    window = next((each for each in park.windows if each.until_at is not None), None)
    return None if window is None else f"{window.kind} {local_time(window.from_at)}"


def add(
    park: ParkId,
    name: Annotated[str, typer.Option("--name", help="Its name for people.")] = "",
    output: Output = Format.TABLE,
) -> None:
    """Make a park known to the centre (administrators)."""
    with connect() as client:
        made = client.park_add(park, name)
    if output is Format.JSON:
        print_json(made)
    else:
        write(f"Added {made.id}")
        say(f"Let its agents in: bostan park token {made.id}")


def token(park: ParkId, output: Output = Format.TABLE) -> None:
    """Make the secret with which a park's agents present themselves. It is shown this once."""
    with connect() as client:
        made = client.park_token(park)
    if output is Format.JSON:
        print_json(made)
    else:
        write(made.secret)
        say(f"On each node: BOSTAN_TOKEN=... bostan-agent run --centre HOST:PORT --park {made.park}")
