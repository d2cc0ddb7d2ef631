"""What the agent wants of a runtime, whichever way ranks are run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.records import Cause, CheckpointRecord, ExitRecord, State
from bostan_agent.shim.spec import RankKey, RankSpec


class Isolation(StrEnum):
    """What keeps a rank from the GPUs of another, weakest first."""

    NONE = "none"  # nothing
    ENV = "env"  # CUDA_VISIBLE_DEVICES: a convention that a job can break
    DEVICES = "devices"  # the kernel refuses other GPUs' device files
    CONTAINER = "container"  # other GPUs' device files do not exist


@dataclass(frozen=True, slots=True)
class RankHandle:
    """A rank that this runtime started or found: its name and its folder."""

    key: RankKey
    folder: Path


@dataclass(frozen=True, slots=True)
class EndedRank:
    """A rank found with its end on record. `spec` is None where a power cut tore it."""

    handle: RankHandle
    exit: ExitRecord
    spec: RankSpec | None


@dataclass(frozen=True, slots=True)
class LivingRank:
    """A rank found with its shim alive; its `Started` event follows as soon as the shim answers."""

    handle: RankHandle
    spec: RankSpec


FoundRank: TypeAlias = LivingRank | EndedRank


@dataclass(frozen=True, slots=True)
class Started:
    """The rank's command runs."""

    key: RankKey
    state: State


@dataclass(frozen=True, slots=True)
class FirstOutput:
    """The first byte of output came, at `at` by the shim's clocks."""

    key: RankKey
    at: Stamp


@dataclass(frozen=True, slots=True)
class CheckpointDeclared:
    """A checkpoint is recorded and its copy lies in the rank's folder."""

    key: RankKey
    checkpoint: CheckpointRecord


@dataclass(frozen=True, slots=True)
class Stopping:
    """The rank is being stopped."""

    key: RankKey
    cause: Cause


@dataclass(frozen=True, slots=True)
class Exited:
    """The rank has ended and none of its processes is left."""

    key: RankKey
    exit: ExitRecord


RankEvent: TypeAlias = Started | FirstOutput | CheckpointDeclared | Stopping | Exited


@dataclass(frozen=True, slots=True)
class RankStatus:
    """How a living rank is. `phase` is running, checkpointing, terminating or killing."""

    phase: str
    cause: Cause | None
    deadline_boottime_ns: int
    state: State | None
    first_output: Stamp | None
    checkpoint_seq: int
    log_end_offset: int


class Runtime(Protocol):
    """Runs ranks. Calls return at once or after one exchange with a shim; what follows comes as events."""

    def isolation(self) -> Isolation:
        """What keeps the ranks of this node apart, honestly."""

    def warm(self) -> None:
        """A start is likely soon: make ready for it. Never fails and never waits."""

    async def start(self, spec: RankSpec) -> RankHandle:
        """Launch a rank; `Started` follows, or `Exited` with cause `start_failed`.

        Raises:
            RankExists: its folder is there already.
            TooManyRanks: the node is full.
        """

    async def adopt(self) -> list[FoundRank]:
        """Every rank that an earlier agent left here. To be called once, before the first start."""

    async def next_event(self) -> RankEvent:
        """Wait for the next event of any rank. For one rank, events come in order and `Exited` is the last.

        After an adoption or a lost connection an event may come again, never out of order.
        """

    async def stop(self, handle: RankHandle, *, checkpoint: bool, grace_seconds: float) -> None:
        """Begin to stop a rank, or hurry its stop. With `checkpoint`, a rank that declared it may write one first."""

    async def renew(self, handle: RankHandle, deadline_boottime_ns: int) -> None:
        """Move the lease's deadline.

        Raises:
            ShimRefused: the rank is being stopped already.
        """

    async def status(self, handle: RankHandle) -> RankStatus:
        """How a living rank is now."""

    async def forget(self, handle: RankHandle) -> None:
        """Delete all that is kept of a rank that has ended.

        Raises:
            StillRunning: it has not.
        """

    async def close(self) -> None:
        """Let go of all ranks; they run on."""
