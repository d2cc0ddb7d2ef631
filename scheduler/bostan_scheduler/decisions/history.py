"""The log read back: its entries from an instant on, oldest first; and those that have their snapshots, newest first."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.decisions.entry import Entry, entry_from
from bostan_scheduler.decisions.files import first_at, log_files
from bostan_scheduler.decisions.kept import FOLDER, kept_hashes
from bostan_scheduler.errors import BadDecisionLog

_SNAPSHOT: Final = re.compile(rb'"snapshot":"([0-9a-f]{64})"')


def entries(folder: Path, since: Instant) -> Iterator[Entry]:
    """The decisions of a log. A last line that was not finished is passed over: its leader died, or is at it.

    Raises:
        BadDecisionLog: there is no such log.
        BadSnapshot: a line is damaged.
    """
    files = _files(folder)
    ended = [path for path, follower in pairwise(files) if first_at(follower) < since]
    for path in files[len(ended) :]:
        yield from (entry for entry in _entries(path) if entry.at >= since)


def entries_with_snapshots(folder: Path) -> Iterator[Entry]:
    """The decisions of a log whose snapshots are kept, newest first. Raises as `entries` does."""
    hashes = kept_hashes(folder / FOLDER)
    for path in reversed(_files(folder)):
        for number, line in reversed(list(_lines(path))):
            if any(one.group(1).decode() in hashes for one in _SNAPSHOT.finditer(line)):
                entry = entry_from(line, f"{path}:{number}")
                if entry.snapshot in hashes:
                    yield entry


def _files(folder: Path) -> list[Path]:
    files = log_files(folder)
    if not files:
        raise BadDecisionLog(
            f"{folder}: there is no log of decisions; name the folder `decisions` of a centre's data folder"
        )
    return files


def _entries(path: Path) -> Iterator[Entry]:
    for number, line in _lines(path):
        yield entry_from(line, f"{path}:{number}")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Those that were finished, by their numbers."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n") and line.strip():
                yield number, line
