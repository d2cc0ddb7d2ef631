"""A world file as one value."""

from typing import Annotated, Literal

from bostan.fieldtypes import Id
from bostan.strictmodel import Finding, StrictModel, refuse, refuse_all, shown
from pydantic import AwareDatetime, Field, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.sim.worldfile.fields import (
    Firm,
    GpuClass,
    Gpus,
    Seconds,
    Sigma,
    SomeHours,
    WholeSeconds,
)
from bostan_scheduler.sim.worldfile.overrides import settings_of
from bostan_scheduler.sim.worldfile.trouble import FaultLine
from bostan_scheduler.sim.worldfile.windows import WindowLine
from bostan_scheduler.sim.worldfile.work import WorkLine


class PoolLine(StrictModel):
    """Equal nodes of a park; CPUs and memory are of one node, `gpu_memory_gib` of one GPU."""

    nodes: Annotated[StrictInt, Field(ge=1, le=100_000)]
    gpus: Annotated[StrictInt, Field(ge=1, le=64)] = 8
    gpu_class: GpuClass
    park: Annotated[StrictStr, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")] = "park"
    gpu_memory_gib: Annotated[StrictInt, Field(ge=1, le=4096)] = 80
    cpus: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1024
    memory_gib: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 65_536


class ClassLine(StrictModel):
    """How fast a class is, and what an hour of it costs, in multiples of the reference class."""

    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0
    cost: Annotated[float, Field(ge=0, le=1000)] = 1.0


class FirmLine(StrictModel):
    """A firm: what it is guaranteed of every class, and its projects."""

    guaranteed: Gpus = 0
    projects: tuple[Id, ...] = Field((), max_length=1000)


class ModelLine(StrictModel):
    """How jobs and agents behave; `idealised` restarts and moves for free."""

    restart_seconds: Seconds = 300
    checkpoint_seconds: WholeSeconds | None = None
    tick_seconds: WholeSeconds = 3600
    idealised: StrictBool = False


class EstimatesLine(StrictModel):
    """What the core is told of run times: with an error of `sigma`, or what the jobs say themselves, or nothing."""

    source: Literal["run-time", "job", "none"] = "run-time"
    sigma: Sigma = 0.0
    seed: StrictInt | None = None


class WorldFile(StrictModel):
    """A pool, its firms, the work to come, what goes wrong and what parks keep for a time. Omitted firms are those of the work, all equal."""

    seed: StrictInt = 1
    start: AwareDatetime | None = None
    until_hours: SomeHours | None = None
    pool: tuple[PoolLine, ...] = Field((), max_length=1000)
    gpu_classes: dict[GpuClass, ClassLine] = Field(default_factory=dict, max_length=1000)
    firms: dict[Firm, FirmLine] = Field(default_factory=dict, max_length=10_000)
    sharing: Literal["borrow", "partition"] = "borrow"
    quotas: Annotated[StrictStr, Field(min_length=1, max_length=4096)] | None = None
    workload: tuple[WorkLine, ...] = Field(max_length=100_000)
    faults: tuple[FaultLine, ...] = Field((), max_length=10_000)
    windows: tuple[WindowLine, ...] = Field((), max_length=1000)
    model: ModelLine = ModelLine()
    estimates: EstimatesLine = EstimatesLine()
    order: StrictStr | None = None
    settings: dict[str, object] = Field(default_factory=dict, max_length=100)

    @field_validator("order")
    @classmethod
    def _order_is_known(cls, name: str | None) -> str | None:
        if name is not None and name not in ORDERS:
            raise refuse(f"{shown(name)} is no order", f"write {' or '.join(ORDERS)}")
        return name

    @model_validator(mode="after")
    def _settings_are_known(self) -> "WorldFile":
        settings_of(self.order, self.settings)
        return self

    @model_validator(mode="after")
    def _is_whole(self) -> "WorldFile":
        if self.quotas is None and not self.pool:
            raise refuse_all(
                [Finding(("pool",), "is missing", "list nodes, or name a folder of quota files")]
            )
        if not self.workload:
            raise refuse_all([Finding(("workload",), "is empty", "give at least one entry")])
        if self.quotas is not None and self.firms:
            raise refuse_all([Finding(("firms",), "stands beside quotas", "keep one of the two")])
        return self
