"""Windows: maintenance of a park, and advance reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, Output, Reason, moment
from bostan.cli.output import Cell, Column, emit_items, print_json, say, write
from bostan.cli.session import connect
from bostan.cli.words import local_time

if TYPE_CHECKING:
    from bostan.api import Maintenance, Reservation

_MAINTENANCE = (
    Column("WINDOW"),
    Column("FROM"),
    Column("UNTIL"),
    Column("AWAY", "shrinks"),
    Column("REASON", "shrinks"),
    Column("BY", "shrinks"),
)
_RESERVATIONS = (
    Column("RESERVATION"),
    Column("PARK", "shrinks"),
    Column("FIRM", "shrinks"),
    Column("GPUS", "number"),
    Column("CLASS", "shrinks"),
    Column("FROM"),
    Column("UNTIL"),
)
ParkId = Annotated[str, typer.Argument(metavar="PARK", help="The park's id.")]
WindowId = Annotated[str, typer.Argument(metavar="ID", help="Its id, as the list shows it.")]
OwnId = Annotated[str | None, typer.Option("--id", metavar="ID", help="Omitted: the centre makes one.")]
From = Annotated[
    str, typer.Option("--from", metavar="TIME", help="As 2026-12-31T22:00, local time, or +2h from now.")
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="As --from.")]


def announce(
    park: ParkId,
    begin: From,
    end: Until,
    node: Annotated[
        list[str] | None,
        typer.Option("--node", metavar="NODE", help="Only this node, by its name; repeatable."),
    ] = None,
    gpu_class: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="CLASS", help="Only nodes with GPUs of this class; repeatable."),
    ] = None,
    window_id: OwnId = None,
    reason: Reason = "",
    output: Output = Format.TABLE,
) -> None:
    """Announce that a park, or some of its nodes, are away for a time (operators)."""
    from bostan.api import NewMaintenance
    from bostan.checked import checked

    window = checked(
        NewMaintenance,
        id=window_id,
        nodes=tuple(_bare(park, each) for each in node or ()),
        gpu_classes=tuple(gpu_class or ()),
        from_at=moment(begin, "--from"),
        until_at=moment(end, "--until"),
        reason=reason,
    )
    with connect() as client:
        made = client.announce_maintenance(park, window)
    if output is Format.JSON:
        print_json(made)
    else:
        write(f"Announced {made.id}")
        say(f"Call it off: bostan park maintenance remove {park} {made.id}")


def _bare(park: str, node: str) -> str:
    """A node's name in its park; `PARK/NAME`, as lists show it, is taken too."""
    return node.removeprefix(f"{park}/")


def list_maintenance(park: ParkId, output: Output = Format.TABLE) -> None:
    """List a park's maintenance windows that are not over."""
    with connect() as client:
        found = client.maintenance(park)
        emit_items(found, output, _MAINTENANCE, _window_row, "There are no maintenance windows")


def _window_row(window: Maintenance) -> tuple[Cell, ...]:
    away = ", ".join((*window.nodes, *window.gpu_classes)) or "all nodes"
    by = window.announced_by or "quota files"
    return (window.id, local_time(window.from_at), local_time(window.until_at), away, window.reason, by)


def call_off(park: ParkId, window_id: WindowId, output: Output = Format.TABLE) -> None:
    """Call a maintenance window off, begun or not (operators)."""
    with connect() as client:
        client.call_off_maintenance(park, window_id)
    write(f"Called off {window_id}" if output is Format.TABLE else "{}")


def reserve(
    park: ParkId,
    firm: Annotated[str, typer.Option("--firm", metavar="FIRM", help="For whom.")],
    gpu_class: Annotated[str, typer.Option("--class", metavar="CLASS", help="GPUs of which class.")],
    gpus: Annotated[int, typer.Option("--gpus", min=1, help="How many.")],
    begin: From,
    end: Until,
    window_id: OwnId = None,
    output: Output = Format.TABLE,
) -> None:
    """Keep GPUs of a park for one firm for a time (administrators)."""
    from bostan.api import NewReservation
    from bostan.checked import checked

    reservation = checked(
        NewReservation,
        id=window_id,
        park=park,
        firm=firm,
        gpu_class=gpu_class,
        gpus=gpus,
        from_at=moment(begin, "--from"),
        until_at=moment(end, "--until"),
    )
    with connect() as client:
        made = client.reserve(reservation)
    if output is Format.JSON:
        print_json(made)
    else:
        write(f"Reserved {made.id}")
        say(f"Give it up: bostan reservations remove {made.id}")


def list_reservations(output: Output = Format.TABLE) -> None:
    """List the advance reservations that are not over (administrators)."""
    with connect() as client:
        emit_items(
            client.reservations(), output, _RESERVATIONS, _reservation_row, "There are no reservations"
        )


def _reservation_row(one: Reservation) -> tuple[Cell, ...]:
    window = (local_time(one.from_at), local_time(one.until_at))
    return (one.id, one.park, one.firm, one.gpus, one.gpu_class, *window)


def give_up(window_id: WindowId, output: Output = Format.TABLE) -> None:
    """Give an advance reservation up (administrators)."""
    with connect() as client:
        client.give_up_reservation(window_id)
    write(f"Gave up {window_id}" if output is Format.TABLE else "{}")
