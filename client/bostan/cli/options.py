"""Options and arguments that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bostan.errors import FileProblem, InvalidFile


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


Output = Annotated[
    Format, typer.Option("--output", "-o", help="table for people; json: the models of the REST contract.")
]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job, as `bostan jobs` shows it.")]
NodeId = Annotated[str, typer.Argument(metavar="NODE", help="The node as PARK/NAME.")]
ParkFilter = Annotated[str | None, typer.Option("--park", metavar="PARK", help="Only this park.")]
FirmFilter = Annotated[str | None, typer.Option("--firm", metavar="FIRM", help="Only this firm.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for those who ask later.")]


def seconds(text: str, option: str) -> int:
    """The duration given to an option. Raises InvalidFile, which speaks of the option."""
    from bostan.jobfile import BadUnit, duration_seconds

    try:
        return duration_seconds(text)
    except BadUnit as exc:
        raise InvalidFile([FileProblem("command line", None, option, exc.problem, exc.remedy)]) from exc


def moment(text: str, option: str) -> int:
    """An instant in milliseconds from a date and time, with an offset or local, or from a duration ahead, as `+2h`."""
    import datetime
    import time

    if text.startswith("+"):
        return round(time.time() * 1000) + seconds(text[1:], option) * 1000
    try:
        return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError as exc:
        remedy = "write 2026-12-31T22:00, 2026-12-31T22:00+03:30, or +2h"
        problem = FileProblem("command line", None, option, f"{text!r} is no date", remedy)
        raise InvalidFile([problem]) from exc


def instant(text: str, option: str) -> int:
    """An instant in milliseconds from a local date, a local date and time, or a duration ago."""
    import datetime
    import time

    try:
        return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        pass
    try:
        return time.time_ns() // 1_000_000 - seconds(text, option) * 1000
    except InvalidFile as exc:
        problem = FileProblem("command line", None, option, f"{text!r} is no date", "write 2026-01-31, or 7d")
        raise InvalidFile([problem]) from exc
