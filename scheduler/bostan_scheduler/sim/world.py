"""What is simulated: a pool at its beginning, the work that will arrive, what will go wrong, and how jobs behave."""

from dataclasses import dataclass
from typing import Final

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import JobSpec
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.sim.faults import Fault

START: Final[Instant] = 1_798_761_600_000
"""2027-01-01T00:00Z, when virtual time begins unless a world says otherwise."""

YEARS_10: Final = 10 * 365 * 86_400
SETTINGS: Final = Settings(renew_seconds=8 * 3600)
"""The core's own, but for leases that are renewed three times a day: each renewal costs time to reckon."""


@dataclass(frozen=True, slots=True)
class Work:
    """One job to come: when, and how long it truly runs at speed 1, which the core is not told."""

    id: str
    submit_at: Instant
    run_milliseconds: int
    spec: JobSpec

    def __post_init__(self) -> None:
        assert self.run_milliseconds > 0, f"{self.id} runs for no time"


@dataclass(frozen=True, slots=True)
class Model:
    """How running jobs and agents behave.

    Every start of a job but its first holds its GPUs for `restart_seconds` before it goes on. A job that
    checkpoints does so when it is stopped, and every `checkpoint_seconds` of run time if that is set. The clock
    alone is looked at every `tick_seconds`. With `free_moves` every running job is taken off and placed anew at
    each event, at no cost, as idealised simulators do.
    """

    restart_seconds: int = 300
    checkpoint_seconds: int | None = None
    tick_seconds: int = 3600
    free_moves: bool = False

    def __post_init__(self) -> None:
        assert self.restart_seconds >= 0
        assert self.tick_seconds > 0
        assert self.checkpoint_seconds is None or self.checkpoint_seconds > 0


IDEALISED: Final = Model(restart_seconds=0, free_moves=True)


@dataclass(frozen=True, slots=True)
class World:
    """A whole simulation. `pool` is the snapshot at its beginning, most often without jobs; `until` ends it early.

    Jobs that it has go on from where they are; the work of each is among `works` too.
    """

    pool: Snapshot
    works: tuple[Work, ...]
    faults: tuple[Fault, ...] = ()
    model: Model = Model()
    until: Instant | None = None

    def __post_init__(self) -> None:
        ids = {work.id for work in self.works}
        assert len(ids) == len(self.works), "each job has an id of its own"
        assert ids >= self.pool.jobs.keys(), "the work of each job is known"
