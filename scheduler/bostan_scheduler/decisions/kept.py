"""The snapshots beside the log, by their hashes: the newest of them, within a number and a size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import without_commands
from bostan_scheduler.decisions.document import Document, lines
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.snapshot_file import read_file, write_file
from bostan_scheduler.errors import BadSnapshot
from bostan_scheduler.files.disk import make_folder

FOLDER = "snapshots"
SUFFIX = ".json.gz"

Pace = Callable[[Iterable[bytes]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class KeptSnapshots:
    """The folder of snapshots of a log."""

    folder: Path
    limits: DecisionLimits

    def keep(self, snapshot: Snapshot, sha256: str, pace: Pace = iter) -> bool:
        """Write a snapshot, unless it is there, and remove the oldest beyond the limits; whether it was kept.

        Raises:
            OSError: it could not be written.
        """
        make_folder(self.folder)
        path = snapshot_path(self.folder, sha256)
        if not path.exists():
            about = {"from": "the log of decisions", "commands": "left out"}
            write_file(path, pace(lines(without_commands(snapshot), sha256, about)))
        self._drop_oldest()
        return path.exists()

    def _drop_oldest(self) -> None:
        found = sorted(self.folder.glob(f"*{SUFFIX}"), key=_written, reverse=True)
        kept = 0
        for number, path in enumerate(found, 1):
            kept += path.stat().st_size
            if number > self.limits.snapshots_max or kept > self.limits.snapshot_bytes_max:
                path.unlink(missing_ok=True)


def snapshot_path(folder: Path, sha256: str) -> Path:
    """Where the snapshot with this hash is, if it was kept."""
    return folder / f"{sha256}{SUFFIX}"


def kept_hashes(folder: Path) -> frozenset[str]:
    """Of all snapshots that are kept."""
    return frozenset(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


def read_kept(folder: Path, sha256: str) -> Document:
    """The kept snapshot with this hash. Raises `BadSnapshot`, also for another in its place."""
    path = snapshot_path(folder, sha256)
    document = read_file(path)
    if document.sha256 != sha256:
        raise BadSnapshot(f"{path}: it is the snapshot {document.sha256}; another file was put in its place")
    return document


def _written(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name
