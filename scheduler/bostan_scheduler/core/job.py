"""A job: what was asked for, and where it stands.

What each submission carries from front to leader has no slots: pickle is several times faster without.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.node import SEVENTHS, sevenths
from bostan_scheduler.core.outcome import Outcome
from bostan_scheduler.core.remembered import remembered

SHAPES_KEPT = 10_000
WHOLE_GPU = 1000


class Qos(StrEnum):
    """How firm a job's claim is: reserved is never preempted, scavenger runs on what nobody else wants."""

    RESERVED = "reserved"
    STANDARD = "standard"
    SCAVENGER = "scavenger"

    @property
    def rank(self) -> int:
        """0 for the firmest claim."""
        return _RANKS[self]


_RANKS = {qos: rank for rank, qos in enumerate(Qos)}


@dataclass(frozen=True, slots=True)
class Blob:
    """An archive by the SHA-256 of its bytes."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class RankNeeds:
    """What each rank needs on its node. Absent CPUs or memory are not accounted.

    `gpu_milli` is the part of its one GPU that a rank wants, in thousandths; jobs of one firm only share a GPU.
    """

    gpus: int
    cpus: int | None = None
    memory_bytes: int | None = None
    gpu_milli: int = WHOLE_GPU

    def __post_init__(self) -> None:
        assert self.gpus >= 0
        assert 0 < self.gpu_milli <= WHOLE_GPU
        assert self.gpu_milli == WHOLE_GPU or self.gpus == 1, "a part is of one GPU"
        assert self.cpus is None or self.cpus > 0
        assert self.memory_bytes is None or self.memory_bytes > 0


@dataclass(frozen=True)
class ParkRules:
    """Where a job may run: no `allow` means anywhere; `prefer` only orders."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()

    def admit(self, park: str) -> bool:
        """Whether the job may run in this park."""
        return (not self.allow or park in self.allow) and park not in self.deny


@dataclass(frozen=True)
class Retries:
    """How often a cause may end an attempt before it ends the job."""

    node_lost: int = 3
    start_failed: int = 3
    exit: int = 0


@dataclass(frozen=True)
class Shape:
    """Jobs of one shape and quota leaf get the same verdict, so that it is found once. Hashed often, so only once."""

    firm: str
    project: str | None
    replicas: int
    rank: RankNeeds
    gpu_classes: tuple[str, ...]
    min_gpu_memory_bytes: int
    parks: ParkRules
    time_limit_seconds: int
    avoid_nodes: tuple[str, ...]
    qos: Qos
    checkpoints: bool
    """Whether it saves itself when it is asked to."""
    stop_seconds: int
    """The longest that an orderly stop may take, with saving itself."""
    speeds: tuple[tuple[str, float], ...]
    patient: bool = False
    """While it waits for other nodes, it takes none of those to avoid."""

    @property
    def saves_within_seconds(self) -> int | None:
        """The longest that it takes to save itself and stop when asked; None when it cannot be asked."""
        return self.stop_seconds if self.checkpoints else None

    @remembered
    def gpus(self) -> int:
        """GPUs of the whole gang."""
        return self.replicas * self.rank.gpus

    @remembered
    def service_gpus(self) -> float:
        """The same where work is measured: a slice is the part of a GPU that it is, of several classes the largest."""
        most = max(map(sevenths, self.gpu_classes), default=SEVENTHS)
        return self.gpus if most == SEVENTHS else self.gpus * most / SEVENTHS

    @remembered
    def fit(self) -> "Fit":
        """What decides where it fits, whoever asks. Parts of a GPU are shared inside one firm only."""
        return _fit(
            self.firm if self.rank.gpu_milli < WHOLE_GPU else "",
            self.replicas,
            self.rank,
            self.gpu_classes,
            self.min_gpu_memory_bytes,
            self.parks,
            self.time_limit_seconds,
            self.avoid_nodes,
            self.saves_within_seconds,
            self.speeds,
            self.patient,
        )

    @remembered
    def _hash(self) -> int:
        return hash(self._values())

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """Hashes differ from process to process: the other one works out its own."""
        return _shape_again, self._values()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Fit:
    """The part of a shape that says where it fits. Hashed often, so only once."""

    firm: str
    replicas: int
    rank: RankNeeds
    gpu_classes: tuple[str, ...]
    min_gpu_memory_bytes: int
    parks: ParkRules
    time_limit_seconds: int
    avoid_nodes: tuple[str, ...]
    saves_within_seconds: int | None
    speeds: tuple[tuple[str, float], ...]
    patient: bool

    @remembered
    def whole_gpus(self) -> int:
        """Whole GPUs of the gang; none when its ranks ask for parts."""
        return self.replicas * self.rank.gpus if self.rank.gpu_milli == WHOLE_GPU else 0

    @remembered
    def _hash(self) -> int:
        return hash(self._values())

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """Hashes differ from process to process: the other one works out its own."""
        return _fit_again, self._values()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


# One object a shape, and one a fit: looking it up then compares by identity.
_shape = lru_cache(maxsize=SHAPES_KEPT)(Shape)
_fit = lru_cache(maxsize=SHAPES_KEPT)(Fit)


def _shape_again(*values: Any) -> Shape:
    """The one shape of these values in this process."""
    return _shape(**dict(zip((field.name for field in fields(Shape)), values, strict=True)))


def _fit_again(*values: Any) -> Fit:
    """The one fit of these values in this process."""
    return _fit(**dict(zip((field.name for field in fields(Fit)), values, strict=True)))


@dataclass(frozen=True)
class JobSpec:
    """What was asked for: one gang of ranks, its resources, its limits and its command.

    `estimate_seconds` is how long the user thinks that it runs at speed 1; `speeds` is how fast it is on each GPU
    class, as a multiple of that; a class that is not named has the speed that the administrator gave it.
    """

    name: str
    firm: str
    project: str | None
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    work_dir: Blob | None = None
    replicas: int = 1
    rank: RankNeeds = RankNeeds(gpus=1)
    gpu_classes: tuple[str, ...] = ()
    min_gpu_memory_bytes: int = 0
    time_limit_seconds: int = 86_400
    parks: ParkRules = ParkRules()
    checkpoint_on_signal: bool = False
    checkpoint_grace_seconds: int = 60
    stop_grace_seconds: int = 30
    retries: Retries = Retries()
    lease_seconds: int | None = None
    qos: Qos = Qos.STANDARD
    estimate_seconds: int | None = None
    speeds: tuple[tuple[str, float], ...] = ()

    @remembered
    def gpus(self) -> int:
        """GPUs of the whole gang."""
        return self.replicas * self.rank.gpus

    @property
    def stop_seconds(self) -> int:
        """The longest that an orderly stop may take."""
        checkpoint = self.checkpoint_grace_seconds if self.checkpoint_on_signal else 0
        return checkpoint + self.stop_grace_seconds

    @property
    def saves_within_seconds(self) -> int | None:
        """The longest that it takes to save itself and stop when asked; None when it cannot be asked."""
        return self.stop_seconds if self.checkpoint_on_signal else None


@dataclass(frozen=True, slots=True)
class Queued:
    """Waits for its next attempt."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Active:
    """An attempt of it is under way."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing of it will run again."""

    outcome: Outcome
    at: Instant


JobPhase = Queued | Active | Finished


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A rank's newest checkpoint that the centre holds.

    `declared_at` is when it was saved, by its node's calendar; 0 where that is not known.
    """

    rank: int
    attempt_number: int
    number: int
    step: int
    blob: Blob
    declared_at: Instant = 0


@dataclass(frozen=True, slots=True)
class PendingCheckpoint:
    """A declared checkpoint that is still on its way to the centre, which heard of it at `declared_at`.

    `saved_at` is when it was saved, by its node's calendar; 0 for one declared before that was noted.
    """

    attempt_id: str
    rank: int
    number: int
    declared_at: Instant
    saved_at: Instant = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What a rank left in its output directory."""

    rank: int
    attempt_number: int
    blob: Blob


@dataclass(frozen=True, slots=True)
class Tries:
    """How often each cause has ended an attempt so far."""

    node_lost: int = 0
    start_failed: int = 0
    exit: int = 0


@dataclass(frozen=True)
class Job:
    """One job. `attempts` counts the attempts made; `avoid_nodes` are left out while others fit.

    `done_milliseconds` is the run time, at speed 1, that its next attempt need not repeat; `run_milliseconds` is the
    run time of all its attempts. `learnt_seconds` is what jobs like it took, when the user gave no estimate.
    `preempted_at` is when it last made room, `made_room_for` the job that it was for, while it has not run again.
    `fair_at_seconds` is what the fair clock said when it was submitted.
    """

    id: str
    spec: JobSpec
    submitted_at: Instant
    submitted_by: str
    phase: JobPhase
    attempts: int = 0
    tries: Tries = Tries()
    checkpoints: tuple[Checkpoint, ...] = ()
    pending_checkpoints: tuple[PendingCheckpoint, ...] = ()
    avoid_nodes: tuple[str, ...] = ()
    done_milliseconds: int = 0
    run_milliseconds: int = 0
    learnt_seconds: int | None = None
    preempted_at: Instant | None = None
    made_room_for: str | None = None
    fair_at_seconds: float = 0.0
    version: int = 0

    @remembered
    def shape(self) -> Shape:
        """What decides whether, and where, it can start."""
        spec = self.spec
        return _shape(
            spec.firm,
            spec.project,
            spec.replicas,
            spec.rank,
            spec.gpu_classes,
            spec.min_gpu_memory_bytes,
            spec.parks,
            spec.time_limit_seconds,
            self.avoid_nodes,
            spec.qos,
            spec.checkpoint_on_signal,
            spec.stop_seconds,
            spec.speeds,
        )

    @remembered
    def patient_shape(self) -> Shape:
        """The same, while it refuses the nodes that it is to avoid."""
        return replace(self.shape, patient=True)

    def checkpoint_for(self, rank: int) -> Checkpoint | None:
        """What `rank` resumes from: its own newest checkpoint, else that of rank 0 (it often saves for all)."""
        if not self.checkpoints:
            return None
        by_rank = {checkpoint.rank: checkpoint for checkpoint in self.checkpoints}
        return by_rank.get(rank) or by_rank.get(0)
