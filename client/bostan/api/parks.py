"""Parks, their nodes and GPUs, and how much of what they have."""

from pydantic import Field

from bostan.api.common import Contract, Id, Instant
from bostan.api.windows import Window


class NewPark(Contract):
    """A park to be made known to the centre."""

    id: Id
    name: str = Field(default="", max_length=128)


class Park(Contract):
    """A site with one operator."""

    id: str
    name: str
    nodes: int = 0
    nodes_silent: int = 0
    gpus: int = 0
    gpus_free: int = 0
    windows: tuple[Window, ...] = Field(
        default=(), description="the next times in which some of its GPUs are not for everybody"
    )


class ParkToken(Contract):
    """The secret with which a park's agents present themselves; shown once."""

    park: str
    id: str
    secret: str


class Gpu(Contract):
    """A device, known by its NVML UUID."""

    uuid: str
    node: str
    park: str
    name: str
    gpu_class: str | None
    memory_bytes: int
    verdict: str  # healthy | warned | draining | failed
    state: str  # free | held | unhealthy | draining | silent
    job: str | None = None
    findings: tuple[str, ...] = ()
    utilisation_percent: int | None = None
    memory_used_bytes: int | None = None
    power_milliwatts: int | None = None
    temperature_celsius: int | None = None


class Node(Contract):
    """A machine of a park."""

    id: str
    park: str
    name: str
    state: str  # ready | silent | draining | drained
    agent_version: str
    driver_version: str
    isolation: str
    cpus: int
    memory_bytes: int
    last_heard_at: Instant
    gpus: tuple[Gpu, ...] = ()
    problems: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)


class Drain(Contract):
    """Start nothing new on a node; what runs, runs on unless `requeue` is set."""

    reason: str = Field(default="", max_length=512)
    requeue: bool = False


class ClassCapacity(Contract):
    """How many GPUs of one class a park has, in all and on its largest node."""

    park: str
    gpu_class: str
    memory_bytes: int
    gpus: int
    gpus_per_node: int


class NodeCapacity(Contract):
    """So many equal nodes of a park, busy or not: GPUs of one class with CPUs and memory beside them, or these alone."""

    park: str
    gpu_class: str | None = Field(default=None, description="none: for jobs that want no GPU")
    gpus: int = 0
    cpus: int
    memory_bytes: int = Field(description="in whole GiB, rounded down")
    nodes: int


class Capacity(Contract):
    """What could ever be placed: the ground for calling a request impossible."""

    classes: tuple[ClassCapacity, ...]
    nodes: tuple[NodeCapacity, ...] = ()
