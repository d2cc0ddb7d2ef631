"""The files of the log: lines appended to the newest, which is followed by another when it is large or a day old."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.files.disk import PRIVATE_FILE, make_folder, write_all

SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Named by the instant of their first entry, so that their names are in their order."""

    folder: Path
    limits: DecisionLimits

    def append(self, at: Instant, line: bytes) -> None:
        """Write a line, and remove what has become too old or too much.

        Raises:
            OSError: it could not be written; then the next line still begins a line.
        """
        make_folder(self.folder)
        found = log_files(self.folder)
        path = found[-1] if found and not self._is_full(found[-1], at) else self.folder / f"{at:015d}{SUFFIX}"
        _append(path, line)
        if not found or path != found[-1]:
            self._drop_old(at)

    def _is_full(self, path: Path, at: Instant) -> bool:
        return path.stat().st_size >= self.limits.file_bytes or at - first_at(path) >= DAY_MILLISECONDS

    def _drop_old(self, at: Instant) -> None:
        """A file ends where the next one begins."""
        found = log_files(self.folder)
        oldest = at - self.limits.days * DAY_MILLISECONDS
        kept = sum(path.stat().st_size for path in found[:-1]) + self.limits.file_bytes
        for path, follower in pairwise(found):
            if first_at(follower) > oldest and kept <= self.limits.bytes_max:
                return
            kept -= path.stat().st_size
            path.unlink(missing_ok=True)


def log_files(folder: Path) -> list[Path]:
    """The files of a log, oldest first; empty when there is no such folder."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def first_at(path: Path) -> Instant:
    """The instant of a file's first entry."""
    return int(path.stem)


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        write_all(descriptor, b"\n" + line if torn else line)
    finally:
        os.close(descriptor)
