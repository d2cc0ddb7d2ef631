"""What there is to know of a node's GPUs: plain values, the same whoever read them.

`None` in a field always means "this device or driver does not answer that"; a GPU that fails as a whole is a
`Problem`. GPUs are known by UUID. Instants are CLOCK_BOOTTIME seconds of the node, so that they compare
with each other across clock steps and never across reboots.
"""

from dataclasses import dataclass
from enum import StrEnum


class LinkKind(StrEnum):
    """The best path between two GPUs, nearest first."""

    NVLINK = "nvlink"
    PIX = "pix"
    """One PCIe switch between them."""
    PXB = "pxb"
    """Several PCIe switches."""
    PHB = "phb"
    """The host bridge of one CPU."""
    NODE = "node"
    """Several host bridges of one NUMA node."""
    SYS = "sys"
    """The link between CPU sockets."""


class ProblemCode(StrEnum):
    """What is wrong with one GPU, as seen by whoever reads it."""

    GPU_LOST = "gpu-lost"
    """The driver has lost it."""
    RESET_REQUIRED = "reset-required"
    """It works again only after a reset."""
    GPU_UNREADABLE = "gpu-unreadable"
    """The driver counts it and gives no handle to it."""
    OFF_THE_BUS = "off-the-bus"
    """The PCI bus shows it and the driver does not count it."""
    CALL_FAILED = "call-failed"
    """One question about it failed in a way that means neither "not supported" nor "lost"."""


class ThrottleReason(StrEnum):
    """Why clocks are held down."""

    IDLE = "idle"
    APPLICATION_CLOCKS = "application_clocks"
    SOFTWARE_POWER_CAP = "software_power_cap"
    HARDWARE_SLOWDOWN = "hardware_slowdown"
    SYNC_BOOST = "sync_boost"
    SOFTWARE_THERMAL = "software_thermal"
    HARDWARE_THERMAL = "hardware_thermal"
    HARDWARE_POWER_BRAKE = "hardware_power_brake"
    DISPLAY_CLOCK = "display_clock"


THROTTLE_BITS = {
    ThrottleReason.IDLE: 0x1,
    ThrottleReason.APPLICATION_CLOCKS: 0x2,
    ThrottleReason.SOFTWARE_POWER_CAP: 0x4,
    ThrottleReason.HARDWARE_SLOWDOWN: 0x8,
    ThrottleReason.SYNC_BOOST: 0x10,
    ThrottleReason.SOFTWARE_THERMAL: 0x20,
    ThrottleReason.HARDWARE_THERMAL: 0x40,
    ThrottleReason.HARDWARE_POWER_BRAKE: 0x80,
    ThrottleReason.DISPLAY_CLOCK: 0x100,
}
"""The driver's own numbers for the reasons, as they also travel to the centre."""


class RecoveryAction(StrEnum):
    """What the driver itself says must be done."""

    NONE = "none"
    RESET_GPU = "reset_gpu"
    REBOOT_NODE = "reboot_node"
    DRAIN_PEERS = "drain_peers"
    DRAIN_AND_RESET = "drain_and_reset"
    RECOVER_IMEX_DOMAIN = "recover_imex_domain"
    RESET_BUS = "reset_bus"
    REBOOT_SYSTEM = "reboot_system"
    OTHER = "other"
    """A number that this release does not know."""


class FabricState(StrEnum):
    """How far a GPU is in joining its NVLink switches; those that need to run nothing before they have."""

    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one GPU. `gpu` is its UUID, or its PCI address where the UUID cannot be read."""

    code: ProblemCode
    gpu: str
    evidence: str


@dataclass(frozen=True, slots=True)
class MigInstance:
    """A slice of a GPU that a rank can hold by its own UUID."""

    uuid: str
    name: str
    memory_bytes: int
    gpu_instance_id: int
    compute_instance_id: int

    @property
    def profile(self) -> str:
        """Its size in NVIDIA's words, as 1g.10gb: the end of its name."""
        return self.name.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as built: what does not change while the agent runs, but for its MIG instances.

    With `mig_enabled` and no instances a GPU runs nothing: it is unusable, not free.
    `minor` is the N of /dev/nvidiaN; `serial` is what a replacement form asks for.
    """

    uuid: str
    name: str
    memory_bytes: int
    pci_bus_id: str
    compute_capability: str | None = None
    minor: int | None = None
    numa_node: int | None = None
    serial: str | None = None
    pcie_width_max: int | None = None
    pcie_generation_max: int | None = None
    mig_enabled: bool | None = None
    mig_instances: tuple[MigInstance, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """The best path between the GPUs `a` < `b`; `nvlinks` counts the active NVLinks between them."""

    a: str
    b: str
    kind: LinkKind
    nvlinks: int = 0


@dataclass(frozen=True, slots=True)
class Inventory:
    """The GPUs of the node. A pair without a link is a pair whose path the node does not tell."""

    driver_version: str | None
    cuda_version: str | None
    gpus: tuple[Gpu, ...]
    links: tuple[Link, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that holds memory of a GPU; `pid` is in the driver's pid namespace (the host's)."""

    pid: int
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RemappedRows:
    """Memory rows taken out of use. Pending: from the next reset. Failed: no spare row was left."""

    correctable: int
    uncorrectable: int
    pending: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class XidTally:
    """How often the driver reported one XID for a GPU since the agent started, and when."""

    xid: int
    count: int
    first_seen_seconds: float
    last_seen_seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one GPU said at one instant. ECC counts are of uncorrected and corrected errors since driver load."""

    uuid: str
    utilisation_percent: int | None = None
    memory_used_bytes: int | None = None
    power_milliwatts: int | None = None
    power_limit_milliwatts: int | None = None
    energy_millijoules: int | None = None
    temperature_celsius: int | None = None
    temperature_margin_celsius: int | None = None
    sm_clock_megahertz: int | None = None
    memory_clock_megahertz: int | None = None
    throttle_reasons: tuple[ThrottleReason, ...] | None = None
    ecc_corrected: int | None = None
    ecc_uncorrected: int | None = None
    remapped_rows: RemappedRows | None = None
    retired_pages_pending: bool | None = None
    recovery_action: RecoveryAction | None = None
    pcie_width: int | None = None
    pcie_replays: int | None = None
    nvlinks_active: int | None = None
    nvlink_crc_errors: int | None = None
    fabric_state: FabricState | None = None
    persistence_mode: bool | None = None
    processes: tuple[GpuProcess, ...] | None = None
    xids: tuple[XidTally, ...] = ()


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One round over all GPUs. A GPU that could not be read has a problem and no reading."""

    at_seconds: float
    readings: tuple[Reading, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class XidSeen:
    """The driver reported an error of a GPU."""

    gpu: str
    xid: int
    at_seconds: float


@dataclass(frozen=True, slots=True)
class GpuChanged:
    """Something about a GPU must be read again: `what` says in a word (mig, ecc, unavailable, recovery)."""

    gpu: str
    what: str
    at_seconds: float


@dataclass(frozen=True, slots=True)
class EventsInterrupted:
    """Events may have been missed: the driver refused to wait for them, or they came faster than they were read."""

    evidence: str
    at_seconds: float


DeviceEvent = XidSeen | GpuChanged | EventsInterrupted
