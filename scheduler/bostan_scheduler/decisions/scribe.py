"""Who writes: a thread beside the leader that hashes, words and writes what was noted, in order, and never fails aloud."""

import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.waits import Reason
from bostan_scheduler.decisions.entry import entry_of, line_of
from bostan_scheduler.decisions.files import LogFiles
from bostan_scheduler.decisions.hashing import SnapshotHash
from bostan_scheduler.decisions.kept import FOLDER, KeptSnapshots
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.pacing import REST_SECONDS, paced
from bostan_scheduler.decisions.tables import Rows

log = structlog.get_logger()

COMPLAIN_SECONDS = 60.0
SMALL_ROWS = 1000
"""A snapshot of so many rows is written in some milliseconds."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A decision to be written: what has changed since the one before, or with `anew` all rows that there are."""

    parts: Snapshot
    rows: Rows
    anew: bool
    changes: Sequence[Change]
    waiting: Mapping[Reason, int]
    seconds: float
    snapshot: Snapshot | None


@dataclass(slots=True)
class Scribe:
    """Takes what was noted, in order. Its counts may be read from any thread."""

    folder: Path
    limits: DecisionLimits
    decisions: int = 0
    decisions_lost: int = 0
    snapshots: int = 0
    snapshots_lost: int = 0
    astray: bool = False
    """Something failed on the way to a hash: only an entry with all rows anew can be written."""
    _inbox: "queue.Queue[Noted | None]" = field(init=False)
    _thread: threading.Thread | None = None
    _keeper: threading.Thread | None = None
    _hash: SnapshotHash | None = None
    _complained_at: float = -COMPLAIN_SECONDS

    def __post_init__(self) -> None:
        self._inbox = queue.Queue(self.limits.waiting_max)

    def take(self, noted: Noted) -> bool:
        """Whether there was room for it. Never waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="decisions", daemon=True)
            self._thread.start()
        try:
            self._inbox.put_nowait(noted)
        except queue.Full:
            return False
        return True

    def flush(self) -> None:
        """Write all entries that were taken. The next to be taken begins another thread."""
        if self._thread is not None:
            self._inbox.put(None)
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Write all that was taken, snapshots too."""
        self.flush()
        if self._keeper is not None:
            self._keeper.join()

    def _work(self) -> None:
        while (noted := self._inbox.get()) is not None:
            if self._inbox.empty():
                time.sleep(REST_SECONDS)  # the leader has just committed, and has yet to let its answers out
            try:
                self._write(noted)
            except Exception as error:  # noqa: BLE001 - whatever it is, planning goes on
                self.decisions_lost += 1
                self._complain("a decision could not be written down", error)

    def _write(self, noted: Noted) -> None:
        sha256 = self._hashed(noted)
        entry = entry_of(noted.parts, sha256, noted.changes, noted.waiting.items(), noted.seconds)
        line = line_of(entry, self.limits.entry_bytes_max)
        LogFiles(self.folder, self.limits).append(entry.at, line)
        self.decisions += 1
        if noted.snapshot is not None:
            self._keep(noted.snapshot, sha256)

    def _hashed(self, noted: Noted) -> str:
        known, self._hash = SnapshotHash() if noted.anew else self._hash, None
        try:
            if known is None:
                raise RuntimeError("what it was decided on is not known since an entry failed")
            for _ in paced(known.put(noted.rows)):
                pass
            sha256 = known.root(noted.parts)
        except Exception:
            self.astray = True  # a hash of half the rows would be of nothing that ever was
            raise
        self._hash = known
        return sha256

    def _keep(self, snapshot: Snapshot, sha256: str) -> None:
        """A large one takes seconds, for which entries are not to wait: so in a thread of its own, one at a time."""
        if len(snapshot.jobs) + len(snapshot.attempts) + len(snapshot.nodes) <= SMALL_ROWS:
            self._keep_one(snapshot, sha256)
            return
        if self._keeper is not None and self._keeper.is_alive():
            self.snapshots_lost += 1
            return
        self._keeper = threading.Thread(
            target=self._keep_one, args=(snapshot, sha256), name="snapshot", daemon=True
        )
        self._keeper.start()

    def _keep_one(self, snapshot: Snapshot, sha256: str) -> None:
        try:
            kept = KeptSnapshots(self.folder / FOLDER, self.limits).keep(snapshot, sha256, _paced_lines)
        except Exception as error:  # noqa: BLE001 - as above
            kept = False
            self._complain("a snapshot could not be kept", error)
        self.snapshots, self.snapshots_lost = self.snapshots + kept, self.snapshots_lost + (not kept)

    def _complain(self, what: str, error: Exception) -> None:
        if time.monotonic() - self._complained_at >= COMPLAIN_SECONDS:
            self._complained_at = time.monotonic()
            log.warning(what, error=f"{type(error).__name__}: {error}", folder=str(self.folder))


def _paced_lines(lines: Iterable[bytes]) -> Iterable[bytes]:
    return paced(lines)
