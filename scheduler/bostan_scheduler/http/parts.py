"""What the REST interface is made of, and its limits. The composition root puts it together; nothing here is global."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bostan_scheduler.board import EventSignal, LinkState, Telemetry
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.files import Files
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.service.forecasts import Forecaster, NoForecasts
from bostan_scheduler.service.ports import Leader, Reader

Clock = Callable[[], Instant]

MIB = 2**20


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How much anybody may send, ask or hold open."""

    request_bytes_max: int = MIB
    batch_bytes_max: int = 16 * MIB
    """Of a batch of jobs and of a quota document."""
    header_bytes_max: int = 16 * 1024
    query_bytes_max: int = 8 * 1024
    page_items_max: int = 500
    page_items_default: int = 100
    log_bytes_default: int = MIB
    followers_per_token_max: int = 32
    followers_max: int = 500
    heartbeat_seconds: float = 15.0
    poll_seconds: float = 1.0
    """How soon a follower sees what only the store knows, when nobody told this front."""
    log_end_seconds: float = 10.0
    """How long a follower waits for the rest of the log of a job that has finished."""
    token_cache_seconds: float = 5.0
    token_cache_max: int = 10_000
    capacity_cache_seconds: float = 5.0
    windows_ahead_days: int = 35
    windows_shown_max: int = 20
    """Of each park, soonest first."""
    failures_per_minute: int = 20
    """Wrong tokens from one address before it is asked to wait."""
    addresses_max: int = 10_000
    ready_timeout_seconds: float = 2.0
    metrics_cache_seconds: float = 2.0

    def __post_init__(self) -> None:
        assert 0 < self.page_items_default <= self.page_items_max
        assert 0 < self.followers_per_token_max <= self.followers_max
        assert self.token_cache_seconds <= 5.0, "a revoked token is forgotten within seconds"


@dataclass(frozen=True, slots=True)
class HttpParts:
    """The store as fronts see it, the leader, the files, and what this front has just heard."""

    reader: Reader
    leader: Leader
    files: Files
    telemetry: Telemetry = field(default_factory=Telemetry)
    signal: EventSignal = field(default_factory=EventSignal)
    link: LinkState = field(default_factory=LinkState)
    clock: Clock = wall_ms
    limits: HttpLimits = field(default_factory=HttpLimits)
    forecaster: Forecaster = field(default_factory=NoForecasts)
