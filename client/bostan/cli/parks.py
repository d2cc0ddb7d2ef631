"""Parks: the list, a new one, and the secret for its agents."""

from __future__ import annotations

from typing import Annotated

import typer

from bostan.cli.options import Format, Output
from bostan.cli.output import Column, emit_items, print_json, say, write
from bostan.cli.session import connect

_COLUMNS = (
    Column("PARK"),
    Column("NAME", "shrinks"),
    Column("NODES", "number"),
    Column("SILENT", "number"),
    Column("GPUS", "number"),
    Column("FREE", "number"),
)
ParkId = Annotated[str, typer.Argument(metavar="PARK", help="The park's id.")]


def parks(output: Output = Format.TABLE) -> None:
    """List the parks."""
    with connect() as client:
        emit_items(
            client.parks(),
            output,
            _COLUMNS,
            lambda each: (each.id, each.name, each.nodes, each.nodes_silent, each.gpus, each.gpus_free),
            "There are no parks",
        )


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
