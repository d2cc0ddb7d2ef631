"""The limits of the log of decisions."""

from dataclasses import dataclass

IDLE_MILLISECONDS = 60_000
"""A plan that decides nothing is written down at most so often."""
FILE_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class DecisionLimits:
    """How much of the log is kept, and what the leader spends on it."""

    file_bytes: int = FILE_BYTES
    """A file that has grown to this is followed by a new one."""
    bytes_max: int = 256 * 2**20
    """Of all files the newest are kept; at least the one that is written to."""
    days: int = 30
    """Files written to last before that are removed; a new file begins after a day."""
    entry_bytes_max: int = 4 * 2**20
    """A longer entry is written without its changes."""
    snapshot_every: int = 100
    """Every so many entries the snapshot is kept too; 0: never."""
    snapshots_max: int = 50
    snapshot_bytes_max: int = 512 * 2**20
    """Of the snapshots the newest are kept; one that is larger by itself is not."""
    waiting_max: int = 64
    """Entries that wait for the disk; more are lost."""
    rows_slack: int = 100_000
    """Changed rows that wait for an entry, beyond as many as there are; then all are looked at anew."""

    def __post_init__(self) -> None:
        assert 0 < self.file_bytes <= self.bytes_max
        assert self.days > 0
        assert self.entry_bytes_max > 0
        assert self.snapshot_every >= 0
        assert self.snapshots_max > 0
        assert self.snapshot_bytes_max > 0
        assert self.waiting_max > 0
        assert self.rows_slack >= 0


DEFAULTS = DecisionLimits()
