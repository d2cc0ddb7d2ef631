"""What is kept of a run: one record a job, and one span for each time that an attempt held GPUs."""

from dataclasses import dataclass

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Span:
    """An attempt's GPUs, held in `[from_at, until_at)`.

    Of that time `restart_milliseconds` went by before it went on, and `lost_milliseconds` were for nothing: what was
    done then was not saved.
    """

    job_id: str
    firm: str
    number: int
    park: str
    gpu_class: str | None
    places: tuple[Place, ...]
    from_at: Instant
    until_at: Instant
    restart_milliseconds: int
    lost_milliseconds: int
    how: str

    @property
    def gpus(self) -> int:
        """GPUs of the whole gang."""
        return sum(len(place.gpus) for place in self.places)

    @property
    def milliseconds(self) -> int:
        """How long they were held."""
        return self.until_at - self.from_at


@dataclass(slots=True)
class JobRecord:
    """One job. `run_milliseconds` is its true run time at speed 1; instants are None for what did not happen."""

    id: str
    firm: str
    gpus: int
    submit_at: Instant
    run_milliseconds: int
    first_start_at: Instant | None = None
    end_at: Instant | None = None
    outcome: str | None = None
    attempts: int = 0
    preemptions: int = 0
    held_milliseconds: int = 0
    restart_milliseconds: int = 0
    lost_milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """All of a run. `gpus` counts those of the pool by park and class, `nodes` those of each node."""

    start_at: Instant
    end_at: Instant
    gpus: dict[tuple[str, str], int]
    nodes: dict[str, int]
    jobs: tuple[JobRecord, ...]
    spans: tuple[Span, ...]
    plans: int
    events: int
