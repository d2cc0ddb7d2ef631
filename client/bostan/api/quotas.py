"""Quotas as the centre holds them: windows are instants, amounts are whole GPUs of a class."""

from pydantic import Field

from bostan.api.common import ClassId, Contract, Id, Instant
from bostan.api.parks import NewPark
from bostan.api.windows import DeclaredMaintenance, DeclaredReservation, LocalReserve

Amount = Field(ge=0, le=1_000_000)


class ClassQuota(Contract):
    """What a node of the tree may hold of one GPU class at one moment."""

    guaranteed: int = Amount
    borrow_limit: int | None = Field(default=None, ge=0, le=1_000_000, description="absent: no cap")
    lend_limit: int | None = Field(
        default=None, ge=0, le=1_000_000, description="absent: all of the guarantee"
    )


class MaxJob(Contract):
    """The largest job that a node of the tree admits."""

    gpus: int | None = Field(default=None, ge=1, le=1_000_000)
    hours: int | None = Field(default=None, ge=1, le=8760)


class QuotaNode(Contract):
    """A branch or, with a firm, a leaf of the quota tree, in force in `[from_at, until_at)`."""

    id: Id
    parent: Id | None = None
    firm: Id | None = None
    project: Id | None = None
    from_at: Instant
    until_at: Instant
    weight: int = Field(default=1, ge=1, le=1_000_000)
    gpus: dict[ClassId, ClassQuota]
    max_job: MaxJob = MaxJob()
    max_queued: int | None = Field(default=None, ge=0, le=1_000_000)


class Firm(Contract):
    """A tenant and its projects."""

    id: Id
    name: str = Field(default="", max_length=128)
    projects: tuple[Id, ...] = ()


class ClassFacts(Contract):
    """What a GPU class costs and how fast it is, in thousandths of the reference."""

    su_milli: int = Field(default=1000, ge=1, le=1_000_000)
    speed_milli: int = Field(default=1000, ge=1, le=1_000_000)


class QuotaDocument(Contract):
    """All that `bostan quotas apply` writes, whole: what it does not name is removed."""

    gpu_classes: dict[ClassId, tuple[str, ...]] = Field(
        default={}, description="device names as NVML gives them, per class"
    )
    class_facts: dict[ClassId, ClassFacts] = Field(
        default={}, description="a class without has those of the reference"
    )
    parks: tuple[NewPark, ...]
    firms: tuple[Firm, ...]
    quotas: tuple[QuotaNode, ...]
    maintenance: tuple[DeclaredMaintenance, ...] = Field(default=(), max_length=100_000)
    reservations: tuple[DeclaredReservation, ...] = Field(default=(), max_length=10_000)
    local_reserves: tuple[LocalReserve, ...] = Field(default=(), max_length=10_000)


class QuotaUse(Contract):
    """How one node of the tree stands in one GPU class now."""

    quota: str
    parent: str | None
    firm: str | None
    gpu_class: str
    guaranteed: int
    borrow_limit: int | None
    lend_limit: int
    used: int = Field(description="what jobs hold, of the node and all below it")
    kept: int = Field(
        default=0, description="of a branch: what is guaranteed below it, never lent, and not held"
    )
    available: int
    from_at: Instant
    until_at: Instant
    in_force: bool
