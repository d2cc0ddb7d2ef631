"""The work of a world file: jobs one by one, a trace, or a generator."""

from typing import Annotated

from bostan.fieldtypes import Id
from bostan.strictmodel import StrictModel, refuse, shown
from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from bostan_scheduler.core.job import WHOLE_GPU, Qos
from bostan_scheduler.sim.readers.formats import FORMATS
from bostan_scheduler.sim.worldfile.fields import (
    JOBS_MAX,
    Firm,
    GpuClass,
    Gpus,
    Length,
    Moment,
    Sigma,
    SomeHours,
    Weight,
    WholeSeconds,
)


class JobKind(StrictModel):
    """What jobs one by one and generated ones say alike; times are at speed 1."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=200)] = "job"
    project: Id | None = None
    qos: Qos = Qos.STANDARD
    gpu_classes: tuple[GpuClass, ...] = Field((), max_length=100)
    speeds: dict[GpuClass, Weight] = Field(default_factory=dict, max_length=100)
    checkpoints: StrictBool = True
    cpus: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = None
    memory_gib: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None


class JobLine(JobKind):
    """`count` equal jobs at one time."""

    at_seconds: Moment = 0
    run_seconds: Length
    gpus: Gpus = 1
    gpu_milli: Annotated[StrictInt, Field(ge=1, le=WHOLE_GPU)] = WHOLE_GPU
    firm: Firm = "firm"
    count: Annotated[StrictInt, Field(ge=1, le=JOBS_MAX)] = 1
    time_limit_seconds: WholeSeconds | None = None
    estimate_seconds: WholeSeconds | None = None

    @model_validator(mode="after")
    def _a_part_is_of_one(self) -> "JobLine":
        if self.gpu_milli != WHOLE_GPU and self.gpus != 1:
            raise refuse("has a part of several GPUs", "write gpus: 1, or leave gpu_milli out")
        return self


class TraceLine(StrictModel):
    """A file in one of the known formats, with its options."""

    format: StrictStr
    file: Annotated[StrictStr, Field(min_length=1, max_length=4096)]
    options: dict[str, str | int | float] = Field(default_factory=dict, max_length=100)

    @field_validator("format")
    @classmethod
    def _format_is_known(cls, name: str) -> str:
        if name not in FORMATS:
            raise refuse(f"{shown(name)} is no format of traces", f"write {' or '.join(FORMATS)}")
        return name


class Size(StrictModel):
    """How many GPUs, and how often beside the other sizes."""

    gpus: Gpus
    weight: Weight = 1.0


class RunTimes(StrictModel):
    """Log-normal run times: half are shorter than the median; `sigma` is the deviation of the logarithm."""

    median_seconds: Length
    sigma: Sigma = 1.0
    most_seconds: Length = 30 * 86_400


class Generator(JobKind):
    """Poisson arrivals from `from_hours` for `hours`: so many an hour, of sizes and firms by their weights.

    A time limit is `time_limit_factor` times the true run time; without one there is none.
    """

    arrivals_per_hour: Annotated[float, Field(gt=0, le=1e6)]
    hours: SomeHours
    from_hours: Annotated[float, Field(ge=0, le=1e5)] = 0
    run: RunTimes
    sizes: tuple[Size, ...] = Field((Size(gpus=1),), max_length=100)
    firms: dict[Firm, Weight] = Field(default_factory=lambda: {"firm": 1.0}, min_length=1, max_length=10_000)
    time_limit_factor: Annotated[float, Field(ge=1, le=1000)] | None = None

    @field_validator("sizes")
    @classmethod
    def _some_size(cls, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
        if not sizes:
            raise refuse("is empty", "give at least one size")
        return sizes


class WorkLine(StrictModel):
    """Exactly one kind of work."""

    job: JobLine | None = None
    trace: TraceLine | None = None
    generate: Generator | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "WorkLine":
        if sum(one is not None for one in (self.job, self.trace, self.generate)) != 1:
            raise refuse("is not one kind of work", "write one of job, trace and generate in each entry")
        return self
