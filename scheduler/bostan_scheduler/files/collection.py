"""Which archives go: those that no unfinished job needs, some time after they were last needed, sent or asked for."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from bostan_scheduler.files.owners import Marks, is_checkpoint_only
from bostan_scheduler.files.settings import BlobLimits
from bostan_scheduler.files.shelf import Shelf


@dataclass(slots=True)
class Removed:
    """What was removed: archives, and their bytes."""

    archives: int = 0
    size_bytes: int = 0


class Collector:
    """Looks through the archives, some at a time; each pass goes on where the one before has stopped.

    The first pass of a process removes nothing: what was needed since the last one before it is not known.
    """

    def __init__(self, shelf: Shelf, limits: BlobLimits) -> None:
        self.removed = Removed()
        self._shelf, self._limits = shelf, limits
        self._at: str | None = None

    def run(self, needed: frozenset[str], now_seconds: float) -> Removed:
        """A pass: renew what is needed, then remove what is due. Blocking."""
        for name in needed:
            self._shelf.size(name, now_seconds)
        removed = Removed()
        if self._at is not None:
            self._at = self._look(self._at, needed, now_seconds, removed)
        self._at = self._at or ""
        self.removed.archives += removed.archives
        self.removed.size_bytes += removed.size_bytes
        return removed

    def _look(self, at: str, needed: frozenset[str], now_seconds: float, removed: Removed) -> str:
        """The name at which the limit of a pass was reached; empty when it has come to the end."""
        for looked, (name, owners) in enumerate(self._names(at), start=1):
            size = self._remove(name, owners, now_seconds) if name not in needed else None
            if size is not None:
                removed.archives += 1
                removed.size_bytes += size
            if looked >= self._limits.looked_at_max or removed.archives >= self._limits.removed_max:
                return name
        return ""

    def _names(self, at: str) -> Iterator[tuple[str, Marks]]:
        for folder, names in self._shelf.after(at):
            marks = self._shelf.owners.marks(folder)
            yield from ((name, marks.get(name, frozenset())) for name in names)

    def _remove(self, name: str, owners: Marks, now_seconds: float) -> int | None:
        limits = self._limits
        keep = limits.checkpoint_seconds if is_checkpoint_only(owners) else limits.keep_seconds
        with suppress(FileNotFoundError):
            if self._shelf.path(name).stat().st_mtime < now_seconds - keep:
                return self._shelf.remove(name, owners, now_seconds - keep)
        return None
