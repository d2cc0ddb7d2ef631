"""How far forecasts go, so that each ends soon."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForecastLimits:
    """`samples` futures are played, each for `horizon_seconds` and `events_max` events at most, all within `wall_seconds`.

    Fewer than `samples_min` are no forecast. More than `jobs_max` unfinished jobs are not begun with, and of the
    arrivals of the past no more than `arrivals_max` are played again in one future.
    """

    samples: int = 40
    samples_min: int = 20
    horizon_seconds: int = 14 * 86_400
    events_max: int = 20_000
    wall_seconds: float = 20.0
    jobs_max: int = 2_000
    arrivals_max: int = 2_000

    def __post_init__(self) -> None:
        assert 0 < self.samples_min <= self.samples
        assert self.horizon_seconds > 0
        assert self.wall_seconds > 0
