"""Published results, read from the tables beside the traces."""

from collections.abc import Mapping
from pathlib import Path

from bostan_scheduler.sim.readers.table import rows


def table(path: Path, value: str, **where: str) -> list[float]:
    """The values of one column in the rows whose other columns are as given. Raises `InvalidFile`."""
    found = rows(path, (value, *where))
    return [row.number(value) for row in found if all(row.values[key] == of for key, of in where.items())]


def by_column(path: Path, key: str, value: str, **where: str) -> Mapping[str, float]:
    """The same, by the value of another column. Raises `InvalidFile`."""
    found = rows(path, (key, value, *where))
    picked = (row for row in found if all(row.values[name] == of for name, of in where.items()))
    return {row.values[key]: row.number(value) for row in picked}
