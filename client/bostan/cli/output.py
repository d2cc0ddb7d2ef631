"""How results look: tables of at most 80 columns for people, the contract's JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bostan.cli.options import Format
from bostan.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from bostan.api import Contract

WIDTH: Final = 80
_SHRUNK: Final = 6
_COLOURS: Final = {
    "succeeded": "green",
    "running": "cyan",
    "failed": "red",
    "cancelled": "dim",
    "unknown": "magenta",
    "silent": "magenta",
    "unhealthy": "red",
    "draining": "yellow",
    "ready": "green",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. One that may shrink is cut with an ellipsis; any other is shown whole, whatever the width."""

    title: str
    kind: Literal["word", "number", "state", "shrinks"] = "word"


Cell = str | int | None
Rows = Iterable[Sequence[Cell]]


def emit(value: Contract, output: Format, columns: Sequence[Column], rows: Rows) -> None:
    """Print one result: as JSON, or as a table of rows taken from it."""
    if output is Format.JSON:
        print_json(value)
    else:
        print_table(columns, rows)


def emit_items(
    items: Iterable[Contract], output: Format, columns: Sequence[Column], row: Any, empty: str
) -> None:
    """Print a list: as one whole page in JSON, or as a table with a row for each item."""
    held = tuple(items)
    if output is Format.JSON:
        write('{"items":[' + ",".join(item.model_dump_json() for item in held) + '],"next_cursor":null}')
    elif held:
        print_table(columns, [row(item) for item in held])
    else:
        say(empty)


def print_json(value: Contract) -> None:
    """One value on one line, as the REST interface would answer it."""
    write(value.model_dump_json())


def write(text: str) -> None:
    """A line of result on standard output."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """A line about the result, which is not the result: on standard error."""
    sys.stderr.write(one_line(text) + "\n")


def print_table(columns: Sequence[Column], rows: Rows) -> None:
    """A table without frame, for eyes and for `awk`."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.kind == "number" else "left",
            no_wrap=column.kind != "shrinks",
            min_width=_SHRUNK if column.kind == "shrinks" else None,
        )
    told = [[_cell(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows]
    for cells in told:
        table.add_row(*cells)
    screen = console()
    screen.width = max(screen.width, _least_width(columns, told))
    screen.print(table, crop=False)


def _least_width(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> int:
    """What the columns need that may not shrink, and what is left of those that may."""
    whole = [
        max([len(column.title), *(row[at].cell_len for row in rows)])
        for at, column in enumerate(columns)
        if column.kind != "shrinks"
    ]
    shrunk = [_SHRUNK for column in columns if column.kind == "shrinks"]
    return sum(whole) + sum(shrunk) + 2 * len(columns)


def print_facts(facts: Iterable[tuple[str, Cell]]) -> None:
    """One thing's facts, a line each; those without a value are left out."""
    known = [(name, _text(value)) for name, value in facts if value not in (None, "")]
    width = max(len(name) for name, _ in known)
    for name, text in known:
        write(f"{name:<{width}}  {text}")


def _cell(column: Column, cell: Cell) -> Text:
    from rich.text import Text

    text = _text(cell)
    style = _COLOURS.get(text, "") if column.kind == "state" else ""
    if column.kind == "shrinks":
        return Text(text, no_wrap=True, overflow="ellipsis")
    return Text(text, style=style, no_wrap=True, overflow="ignore")


def _text(cell: Cell) -> str:
    """Names come from other people: nothing in them may move the cursor or colour the screen."""
    return "-" if cell is None else one_line(str(cell))


def console(*, stderr: bool = False) -> Console:
    """Standard output, or standard error, as wide as the terminal but 80 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)
