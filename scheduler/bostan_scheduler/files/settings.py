"""The limits of the file stores."""

from dataclasses import dataclass
from typing import Final

CHECKPOINT_SECONDS_MIN: Final = 7200
"""A pass an hour says what is needed: what is offered to a node is still here when it asks for it."""


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """How large archives may be, and how long they are kept."""

    blob_bytes_max: int = 64 * 2**30
    part_bytes_max: int = 16 * 2**20
    free_bytes_min: int = 2**30
    """Left free on the disk, whatever is sent."""
    unfinished_max: int = 1000
    """Uploads under way at one time."""
    unfinished_seconds_max: int = 86_400
    running_hashes_max: int = 64
    """Uploads whose hash is carried on from part to part; others are read once more at their end."""
    keep_seconds: int = 30 * 86_400
    """Of archives that no unfinished job needs: how long after they were last needed, sent or asked for."""
    checkpoint_seconds: int = 86_400
    """The same of checkpoints that a newer one has replaced, or whose job has finished."""
    looked_at_max: int = 100_000
    """Archives that one pass looks at."""
    removed_max: int = 10_000
    """Archives that one pass removes."""

    def __post_init__(self) -> None:
        assert self.part_bytes_max > 0
        assert self.blob_bytes_max > 0
        assert self.unfinished_max > 0
        assert self.running_hashes_max > 0
        assert min(self.looked_at_max, self.removed_max) > 0
        assert self.keep_seconds >= self.checkpoint_seconds >= CHECKPOINT_SECONDS_MIN


@dataclass(frozen=True, slots=True)
class LogLimits:
    """How much of the logs is kept, and how long."""

    segment_bytes: int = 4 * 2**20
    rank_bytes_max: int = 256 * 2**20
    """Of one rank's log the newest bytes are kept, at least one segment."""
    total_bytes_max: int = 64 * 2**30
    """Of all logs those written to last are kept."""
    keep_seconds: int = 30 * 86_400
    read_bytes_max: int = 4 * 2**20
    poll_seconds: float = 0.5
    """How soon a reader sees what another process has appended."""

    def __post_init__(self) -> None:
        assert 0 < self.segment_bytes <= self.rank_bytes_max
        assert self.read_bytes_max > 0
        assert self.poll_seconds > 0
