"""Quotas: check the files, put them in force, show how they stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import FirmFilter, Format, Output
from bostan.cli.output import Cell, Column, emit_items, print_json, say, write
from bostan.cli.session import connect
from bostan.cli.words import counted, local_time

if TYPE_CHECKING:
    from bostan.api import QuotaDocument, QuotaUse

QuotaFiles = Annotated[Path, typer.Argument(metavar="PATH", help="A quota file, or a folder of them.")]
_COLUMNS = (
    Column("QUOTA"),
    Column("CLASS"),
    Column("USED", "number"),
    Column("KEPT", "number"),
    Column("GUARANTEED", "number"),
    Column("BORROW", "number"),
    Column("FREE", "number"),
    Column("UNTIL"),
)


def validate(path: QuotaFiles, output: Output = Format.TABLE) -> None:
    """Check quota files on this machine; nothing is sent."""
    document = _document(path)
    if output is Format.JSON:
        print_json(document)
    else:
        write(f"{path}: {_summary(document)}; no mistakes")


def apply(path: QuotaFiles, output: Output = Format.TABLE) -> None:
    """Put quota files in force, whole: what they do not name is removed (administrators)."""
    document = _document(path)
    with connect() as client:
        stands = client.apply_quotas(document)
    if output is Format.JSON:
        print_json(stands)
    else:
        write(f"Applied {path}: {_summary(document)}")


def show(
    firm: FirmFilter = None,
    output: Output = Format.TABLE,
) -> None:
    """Show how each quota stands now."""
    with connect() as client:
        found = [each for each in client.quotas() if firm is None or each.firm == firm]
    emit_items(found, output, _COLUMNS, _row, "There are no quotas")


def _row(use: QuotaUse) -> tuple[Cell, ...]:
    borrow = "any" if use.borrow_limit is None else use.borrow_limit
    until = local_time(use.until_at) if use.in_force else "not in force"
    return (use.quota, use.gpu_class, use.used, use.kept, use.guaranteed, borrow, use.available, until)


def _document(path: Path) -> QuotaDocument:
    from bostan.quotadocument import quota_document
    from bostan.quotas import read_quotas

    loaded = read_quotas(path)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    return quota_document(loaded.files)


def _summary(document: QuotaDocument) -> str:
    parts = (
        counted(len(document.parks), "park"),
        counted(len(document.firms), "firm"),
        counted(len(document.quotas), "quota"),
    )
    return ", ".join(parts)
