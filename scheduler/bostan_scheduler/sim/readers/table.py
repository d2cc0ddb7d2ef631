"""CSV tables with a header, perhaps gzipped: every value is checked, and what is wrong is named by line and column."""

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from bostan.errors import FileProblem, InvalidFile

ROWS_MAX = 5_000_000
SECONDS_MAX = 10.0 * 365 * 86_400
GPUS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, its values by column."""

    file: str
    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """A value that is not empty."""
        value = self.values[column]
        if not value:
            raise self.wrong(column, "is empty", "write a value")
        return value

    def number(self, column: str, least: float = 0.0, most: float = SECONDS_MAX) -> float:
        """A number in a range; `least` itself is taken."""
        value = self.values[column]
        try:
            number = float(value)
        except ValueError:
            raise self.wrong(column, f"is not a number: {value[:40]!r}", "write a plain number") from None
        if not (math.isfinite(number) and least <= number <= most):
            raise self.wrong(column, f"is {value[:40]}", f"write {least:g} to {most:g}")
        return number

    def whole(self, column: str, least: int = 0, most: int = GPUS_MAX) -> int:
        """A whole number in a range."""
        number = self.number(column, least, most)
        if number != int(number):
            raise self.wrong(column, f"is {number:g}", "write a whole number")
        return int(number)

    def above_zero(self, column: str, most: float = SECONDS_MAX) -> float:
        """A number above zero."""
        number = self.number(column, 0.0, most)
        if number == 0.0:
            raise self.wrong(column, "is 0", "write a number above 0")
        return number

    def wrong(self, column: str, problem: str, remedy: str) -> InvalidFile:
        """The error that names this place."""
        return InvalidFile([FileProblem(self.file, self.line, column, problem, remedy)])


def rows(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a table whose header has these columns; others are passed over. `optional` ones may be missing.

    Raises:
        InvalidFile: it cannot be read, is no such table, has none or too many rows, or a row is cut short.
    """
    found = False
    for line, values in _checked_lines(path, columns):
        found = True
        yield Row(str(path), line, {**dict.fromkeys(optional, ""), **values})
    if not found:
        raise problem(path, 2, "", "has no rows", "give at least one")


def _checked_lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(lines(path))
    header = next(reader, [])
    missing = [column for column in columns if column not in header]
    if missing:
        has = ", ".join(header)[:100] or "nothing"
        raise problem(path, 1, missing[0], "is not in the header", f"it has {has}")
    for values in reader:
        if len(values) != len(header):
            detail = f"has {len(values)} values, the header {len(header)}"
            raise problem(path, reader.line_num, "", detail, "give each column a value")
        yield reader.line_num, dict(zip(header, values, strict=True))


def lines(path: Path) -> list[str]:
    """The lines of a text file, perhaps gzipped; the file is closed again. Raises `InvalidFile`."""
    with _opened(path) as stream:
        try:
            found = list(islice(stream, ROWS_MAX + 2))
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise problem(path, None, "", f"cannot be read ({error})", "check that it is whole") from None
    if len(found) > ROWS_MAX + 1:
        raise problem(path, ROWS_MAX + 2, "", f"has more than {ROWS_MAX} rows", "cut it")
    return found


def _opened(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8", newline="")
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise problem(path, None, "", f"cannot be read ({error.strerror})", "check the path") from None


def problem(path: Path, line: int | None, field: str, what: str, remedy: str) -> InvalidFile:
    """The error for a place in a file."""
    return InvalidFile([FileProblem(str(path), line, field, what, remedy)])
