"""What a job asks for. The same value is read from a job file, built by the SDK and sent to the centre."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StrictBool, StrictInt, model_validator

from bostan.fieldtypes import ClassId, Id
from bostan.jobfile.agreement import contradictions
from bostan.jobfile.fields import (
    DAY,
    Command,
    Env,
    Estimate,
    Folder,
    Grace,
    Lease,
    Memory,
    Name,
    TimeLimit,
)
from bostan.jobfile.scheduling import WHOLE_GPU, Qos, Speeds
from bostan.strictmodel import Finding, StrictModel, refuse_all

REPLICAS_MAX: Final = 1_024
GPUS_MAX: Final = 64
CPUS_MAX: Final = 4_096
RETRIES_MAX: Final = 100

Ids = Annotated[tuple[Id, ...], Field(max_length=64)]
Classes = Annotated[tuple[ClassId, ...], Field(max_length=32)]
Retry = Annotated[StrictInt, Field(ge=0, le=RETRIES_MAX)]


class ParkChoice(StrictModel):
    """Parks where the job may run, may not run, and should run if there is a choice."""

    allow: Ids = ()
    deny: Ids = ()
    prefer: Ids = ()

    @model_validator(mode="after")
    def _agrees(self) -> ParkChoice:
        findings = [
            Finding(("deny",), f"{park} is allowed too", "keep it in one of the two")
            for park in self.deny
            if park in self.allow
        ]
        findings += [
            Finding(("prefer",), f"{park} is not allowed", "allow it, or do not prefer it")
            for park in self.prefer
            if park in self.deny or (self.allow and park not in self.allow)
        ]
        if findings:
            raise refuse_all(findings)
        return self


class Checkpoint(StrictModel):
    """How the process saves itself when asked: `signal` says that it handles SIGUSR1."""

    signal: StrictBool = False
    grace_seconds: Grace = Field(default=60, alias="grace", description="the time a checkpoint may take")


class Retries(StrictModel):
    """How often the job is tried again, for each cause by itself."""

    node_lost: Retry = Field(default=3, description="a node or a GPU failed under it")
    start_failed: Retry = Field(default=3, description="it could not be started")
    exit: Retry = Field(default=0, description="its own process ended with a code other than 0")


class JobSpec(StrictModel):
    """One job: a gang of `replicas` equal processes; each replica fits on one node, all of them in one park."""

    name: Name
    firm: Id | None = Field(default=None, description="omitted: the firm of the login")
    project: Id | None = Field(default=None, description="omitted: the project of the login")
    command: Command = Field(description="a list of words, or one line for /bin/sh -c")
    work_dir: Folder | None = Field(
        default=".", description="the folder to send, relative to the job file; null: none"
    )
    env: Env = Field(default_factory=dict)
    replicas: Annotated[StrictInt, Field(ge=1, le=REPLICAS_MAX)] = 1
    gpus: Annotated[StrictInt, Field(ge=0, le=GPUS_MAX)] = Field(
        default=1, description="whole GPUs for each replica; 0: none"
    )
    gpu_milli: Annotated[StrictInt, Field(ge=1, le=WHOLE_GPU)] = Field(
        default=WHOLE_GPU,
        description="with gpus: 1, the part of it that each replica wants, in thousandths; jobs of one firm share it",
    )
    gpu_classes: Classes = Field(
        default=(),
        description="acceptable GPU classes, best first, or slices, as a100-80g/1g.10gb; omitted: any",
    )
    min_gpu_memory_bytes: Memory | None = Field(
        default=None, alias="min_gpu_memory", description="any GPU class with this much memory"
    )
    cpus: Annotated[StrictInt, Field(ge=1, le=CPUS_MAX)] | None = Field(
        default=None, description="CPUs for each replica; omitted: none are set aside"
    )
    memory_bytes: Memory | None = Field(
        default=None, alias="memory", description="memory for each replica; omitted: none is set aside"
    )
    time_limit_seconds: TimeLimit = Field(default=DAY, alias="time_limit")
    estimate_seconds: Estimate | None = Field(
        default=None,
        alias="estimate",
        description="how long it probably runs at speed 1; omitted: as long as jobs like it did",
    )
    speeds: Speeds = Field(
        default_factory=dict,
        description="how fast it runs on GPU classes, as multiples of the reference; others: what the centre knows",
    )
    parks: ParkChoice = ParkChoice()
    checkpoint: Checkpoint | None = None
    stop_grace_seconds: Grace = Field(
        default=30, alias="stop_grace", description="from SIGTERM until what is left is killed"
    )
    retries: Retries = Retries()
    lease_seconds: Lease | None = Field(
        default=None,
        alias="lease",
        description="how long it may run unheard of; omitted: the centre's setting",
    )
    qos: Qos = Field(
        default="standard",
        description="how firm its claim is: reserved is never preempted, scavenger takes what nobody else wants",
    )

    @property
    def argv(self) -> tuple[str, ...]:
        """The command as it is executed."""
        return ("/bin/sh", "-c", self.command) if isinstance(self.command, str) else self.command

    @property
    def gpus_total(self) -> int:
        """GPUs of the whole gang."""
        return self.replicas * self.gpus

    @model_validator(mode="after")
    def _agrees(self) -> JobSpec:
        if findings := contradictions(self):
            raise refuse_all(findings)
        return self
