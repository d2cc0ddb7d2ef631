"""Jobs, their attempts and ranks, and what a job leaves behind."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bostan.api.common import ClassId, Contract, Id, Instant, Sha256
from bostan.api.why import Wait

Argument = Annotated[str, Field(max_length=131_072)]
Speed = Annotated[float, Field(ge=0.001, le=1000, allow_inf_nan=False)]


class Archive(Contract):
    """A gzip-compressed tar of a folder, known by the SHA-256 of its bytes."""

    sha256: Sha256
    size_bytes: int = Field(ge=0)


class Parks(Contract):
    """Where a job may run. Empty `allow` means every park; `prefer` only orders them."""

    allow: tuple[Id, ...] = ()
    deny: tuple[Id, ...] = ()
    prefer: tuple[Id, ...] = ()


class Retries(Contract):
    """How often a job is tried again, per cause, before it counts as failed."""

    node_lost: int = Field(default=3, ge=0, le=100)
    start_failed: int = Field(default=3, ge=0, le=100)
    exit: int = Field(default=0, ge=0, le=100)


class NewRank(Contract):
    """What one replica needs on its node."""

    gpus: int = Field(default=1, ge=0, le=64, description="whole GPUs")
    gpu_milli: int = Field(
        default=1000, ge=1, le=1000, description="with one GPU, the part of it that is wanted, in thousandths"
    )
    cpus: int | None = Field(default=None, ge=1, le=4096)
    memory_bytes: int | None = Field(default=None, ge=1)


class Qos(StrEnum):
    """How firm a job's claim is."""

    RESERVED = "reserved"  # never preempted
    STANDARD = "standard"
    SCAVENGER = "scavenger"  # runs on what nobody else wants


class NewJob(Contract):
    """A job to be submitted: one gang of `replicas` ranks of the same size."""

    name: str = Field(min_length=1, max_length=128)
    firm: Id
    project: Id | None = None
    command: tuple[Argument, ...] = Field(min_length=1, max_length=4096)
    env: dict[str, Argument] = Field(default_factory=dict, max_length=512)
    work_dir: Archive | None = None
    replicas: int = Field(default=1, ge=1, le=4096)
    rank: NewRank = NewRank()
    gpu_classes: tuple[ClassId, ...] = Field(
        default=(), max_length=32, description="in order of preference; empty: any"
    )
    min_gpu_memory_bytes: int = Field(default=0, ge=0)
    time_limit_seconds: int = Field(default=86_400, ge=1, le=30 * 86_400)
    parks: Parks = Parks()
    checkpoint_on_signal: bool = False
    checkpoint_grace_seconds: int = Field(default=60, ge=0, le=3600)
    stop_grace_seconds: int = Field(default=30, ge=0, le=3600)
    retries: Retries = Retries()
    lease_seconds: int | None = Field(default=None, ge=60, le=30 * 86_400)
    qos: Qos = Qos.STANDARD
    estimate_seconds: int | None = Field(
        default=None, ge=1, le=30 * 86_400, description="how long it probably runs at speed 1"
    )
    speeds: dict[ClassId, Speed] = Field(
        default_factory=dict,
        max_length=64,
        description="how fast it runs on GPU classes, as multiples of the reference",
    )


class Batch(Contract):
    """Several jobs, accepted whole or not at all."""

    jobs: tuple[NewJob, ...] = Field(min_length=1, max_length=1000)


class BatchReceipt(Contract):
    """The ids given to a batch's jobs, in its order."""

    ids: tuple[str, ...]


class Phase(StrEnum):
    """Where a job is, as stored."""

    QUEUED = "queued"
    ACTIVE = "active"  # an attempt of it is offered, starting, running, unknown or ending
    FINISHED = "finished"


class Rank(Contract):
    """One member of an attempt's gang, as last observed."""

    rank: int
    node: str
    gpus: tuple[str, ...]
    state: str  # offered | accepted | started | exited | released
    exit_code: int | None = None
    signal: int | None = None
    started_at: Instant | None = None
    first_output_at: Instant | None = None
    ended_at: Instant | None = None
    log_bytes: int = 0
    outputs: str = "none"  # none | on-the-way | kept | lost
    outputs_detail: str = ""  # why they are lost, or what was left out


class Attempt(Contract):
    """One try at a job."""

    id: str
    number: int
    phase: str  # offered | starting | running | unknown | ending | finished
    intent: str  # run | stop
    park: str
    gpu_class: str | None
    created_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None
    lease_until: Instant | None = None
    outcome: str | None = None
    outcome_detail: str = ""
    checkpoint_step: int | None = None
    resumed_from_step: int | None = None
    ranks: tuple[Rank, ...] = ()


class Job(Contract):
    """A job as the centre knows it."""

    id: str
    name: str
    firm: str
    project: str | None
    submitted_at: Instant
    submitted_by: str
    phase: Phase
    state: str  # the one word for people: queued | starting | running | unknown | stopping | succeeded | failed | cancelled
    spec: NewJob
    attempt: Attempt | None = None  # the newest one
    attempts: int = 0
    outcome: str | None = None
    outcome_detail: str = ""
    exit_code: int | None = None
    finished_at: Instant | None = None
    gpu_seconds: int = 0
    wait: Wait | None = None
    learnt_seconds: int | None = Field(
        default=None, description="what jobs like it took, where its user gave no estimate"
    )
    preempted_at: Instant | None = Field(default=None, description="when it last made room for another job")


class Cancel(Contract):
    """Stop a job for good."""

    reason: str = Field(default="", max_length=512)


class Requeue(Contract):
    """Take a checkpoint, stop the attempt and queue the job again."""

    checkpoint: bool = True
    avoid_node: bool = Field(default=False, description="prefer another node for the next attempt")


class LogEnd(Contract):
    """How a log stood when the reader reached its end."""

    next_offset: int
    complete: bool


class Outputs(Contract):
    """What a job's ranks left in BOSTAN_OUTPUT_DIR, each rank's newest; of the newest attempt also what is not here."""

    job_id: str
    archives: dict[int, Archive]
    on_the_way: dict[int, str] = Field(
        default_factory=dict, description="the node that has yet to send a rank's"
    )
    lost: dict[int, str] = Field(default_factory=dict, description="why a rank's will never arrive")
    job_finished: bool = True
