"""Tokens as a table on the machine of the centre."""

from typing import Any

from bostan.cli.output import Cell, Column
from bostan.cli.words import local_time

COLUMNS = (
    Column("TOKEN"),
    Column("NAME", "shrinks"),
    Column("ROLE"),
    Column("FOR", "shrinks"),
    Column("UNTIL"),
    Column("STATE", "state"),
)


def token_row(token: dict[str, Any]) -> tuple[Cell, ...]:
    """A token's row; who of a firm, a project of it, or a park it is for."""
    reach = "/".join(token[one] for one in ("firm", "project", "park") if token[one])
    state = "revoked" if token["revoked_at"] else "given"
    return (token["id"], token["name"], token["role"], reach or None, local_time(token["expires_at"]), state)
