"""Files that an agent says it has sent: believed when they are here, and from its own park."""

from dataclasses import dataclass, replace

import structlog

from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import (
    CheckpointLost,
    CheckpointStored,
    HealthReported,
    OutputLost,
    OutputStored,
    RankReported,
)
from bostan_scheduler.files.blobs import BlobStore, Complete
from bostan_scheduler.files.owners import CHECKPOINT, OUTPUT, park_owner
from bostan_scheduler.rpc.translate.journal import Entry

log = structlog.get_logger()

_NOT_HERE = "the centre does not have its file"
Said = RankReported | HealthReported | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """Compares records of a journal with the files of the centre."""

    blobs: BlobStore

    def checked(self, park: str, records: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The records of a node of the park, with a checkpoint or an output that it has not sent told as lost."""
        owner = park_owner(park)
        return tuple((seq, self._checked(owner, report)) for seq, report in records)

    def _checked(self, owner: str, report: Said) -> Said:
        if not isinstance(report, RankReported):
            return report
        match report.news:
            case CheckpointStored(number, _, blob) if not self._is_here(owner, blob):
                _warn(report, blob)
                return replace(report, news=CheckpointLost(number, _NOT_HERE))
            case OutputStored(blob) if not self._is_here(owner, blob):
                _warn(report, blob)
                return replace(report, news=OutputLost(_NOT_HERE))
            case CheckpointStored(blob=blob):
                self.blobs.owners.note(blob.sha256, CHECKPOINT)
            case OutputStored(blob):
                self.blobs.owners.note(blob.sha256, OUTPUT)
            case _:
                pass
        return report

    def _is_here(self, owner: str, blob: Blob) -> bool:
        return self.blobs.state(blob.sha256, owner) == Complete(blob.size_bytes)


def _warn(report: RankReported, blob: Blob) -> None:
    log.warning(
        "a node says that it has sent a file, which is not here",
        node=report.node_id,
        attempt=report.attempt_id,
        rank=report.rank,
        sha256=blob.sha256,
    )
