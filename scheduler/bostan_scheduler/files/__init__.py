"""Files of the centre on its own disk: archives known by their content, and the logs of ranks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bostan_scheduler.files.blobs import BlobStore
from bostan_scheduler.files.collection import Collector, Removed
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.files.settings import BlobLimits, LogLimits


@dataclass(frozen=True, slots=True)
class Files:
    """What a front keeps and gives out. Several processes of one machine may open the same folder."""

    blobs: BlobStore
    logs: LogBook
    collector: Collector

    @classmethod
    def open(
        cls, root: Path, blob_limits: BlobLimits | None = None, log_limits: LogLimits | None = None
    ) -> Self:
        """Open the folder, made where it is missing; nobody else may read it."""
        blobs = BlobStore(root / "blobs", blob_limits or BlobLimits())
        logs = LogBook(root / "logs", log_limits or LogLimits())
        return cls(blobs, logs, Collector(blobs.shelf, blobs.limits))

    def tidy(self, now_seconds: float, needed: Callable[[], frozenset[str]]) -> Removed:
        """Remove uploads that were given up, logs past their time, and archives that nobody needs any more.

        `needed` tells which ones unfinished jobs need, by hash. Blocking; to be done once an hour.
        """
        self.blobs.collect(now_seconds)
        self.logs.sweep(now_seconds)
        return self.collector.run(needed(), now_seconds)
