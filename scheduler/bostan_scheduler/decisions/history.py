"""The log read back: its entries from an instant on, oldest first."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.decisions.entry import Entry, entry_from
from bostan_scheduler.decisions.files import first_at, log_files
from bostan_scheduler.errors import BadDecisionLog


def entries(folder: Path, since: Instant) -> Iterator[Entry]:
    """The decisions of a log. A last line that was not finished is passed over: its leader died, or is at it.

    Raises:
        BadDecisionLog: there is no such log.
        BadSnapshot: a line is damaged.
    """
    files = log_files(folder)
    if not files:
        raise BadDecisionLog(
            f"{folder}: there is no log of decisions; name the folder `decisions` of a centre's data folder"
        )
    ended = [path for path, follower in pairwise(files) if first_at(follower) < since]
    for path in files[len(ended) :]:
        yield from (entry for entry in _entries(path) if entry.at >= since)


def _entries(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n") and line.strip():
                yield entry_from(line, f"{path}:{number}")
