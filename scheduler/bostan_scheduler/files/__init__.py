"""Files of the centre on its own disk: archives known by their content, and the logs of ranks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bostan_scheduler.files.blobs import BlobStore
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.files.settings import BlobLimits, LogLimits


@dataclass(frozen=True, slots=True)
class Files:
    """What a front keeps and gives out. Several processes of one machine may open the same folder."""

    blobs: BlobStore
    logs: LogBook

    @classmethod
    def open(
        cls, root: Path, blob_limits: BlobLimits | None = None, log_limits: LogLimits | None = None
    ) -> Self:
        """Open the folder, made where it is missing; nobody else may read it."""
        return cls(
            BlobStore(root / "blobs", blob_limits or BlobLimits()),
            LogBook(root / "logs", log_limits or LogLimits()),
        )

    def tidy(self, now_seconds: float) -> None:
        """Remove uploads that were given up, and logs past their time. Blocking; once an hour is enough."""
        self.blobs.collect(now_seconds)
        self.logs.sweep(now_seconds)
