"""Firms: who they are, and their projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, Output
from bostan.cli.output import Cell, Column, emit_items, print_facts, print_json
from bostan.cli.session import connect
from bostan.errors import NotFound

if TYPE_CHECKING:
    from bostan.api import Firm

_COLUMNS = (Column("FIRM"), Column("NAME", "shrinks"), Column("PROJECTS", "shrinks"))


def firms(
    firm: Annotated[str | None, typer.Argument(metavar="[FIRM]", help="Only this one, in full.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the firms that you may see, or show one in full."""
    with connect() as client:
        found = list(client.firms())
    if firm is None:
        emit_items(found, output, _COLUMNS, _row, "There are no firms")
    else:
        _show(firm, found, output)


def _row(firm: Firm) -> tuple[Cell, ...]:
    return (firm.id, firm.name, ", ".join(firm.projects))


def _show(firm_id: str, found: list[Firm], output: Format) -> None:
    firm = next((one for one in found if one.id == firm_id), None)
    if firm is None:
        raise NotFound(f"There is no firm {firm_id} that you may see", remedy="bostan firms")
    if output is Format.JSON:
        print_json(firm)
        return
    print_facts([("firm", firm.id), ("name", firm.name), ("projects", ", ".join(firm.projects) or "none")])
