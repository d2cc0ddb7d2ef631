"""The limits and waits of the store."""

from dataclasses import dataclass
from enum import StrEnum


class Durability(StrEnum):
    """What a commit that was answered survives."""

    FULL = "full"  # a power cut
    NORMAL = "normal"  # the death of the process, but a power cut may take the last commits


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How the store keeps its file. Every process that opens it should be given the same."""

    durability: Durability = Durability.FULL
    busy_timeout_seconds: float = 10.0
    """How long to wait for a lock, or for a free connection, before giving up."""
    read_connections_max: int = 16
    """Threads that read at once; more of them wait for one another."""
    cache_bytes: int = 32 * 1024 * 1024
    """Pages that a writing connection keeps in memory."""
    receipt_days: int = 7
    """How long the answer under an idempotency key is remembered."""
    usage_segments_max: int = 10_000
    """How many segments of usage a new leader has to add up: what they are worth is kept as often."""

    def __post_init__(self) -> None:
        assert self.busy_timeout_seconds > 0
        assert self.read_connections_max > 0
        assert self.cache_bytes > 0
        assert self.receipt_days > 0
        assert self.usage_segments_max > 0


DEFAULTS = StoreSettings()
