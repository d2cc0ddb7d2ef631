"""What the core is told: by users, by administrators and by agents. One case a kind of news."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Blob, JobSpec
from bostan_scheduler.core.node import Gpu, Verdict
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park

# Users


@dataclass(frozen=True, slots=True)
class JobsSubmitted:
    """Jobs to be queued, all or none. Their ids were made at the edge."""

    ids: tuple[str, ...]
    specs: tuple[JobSpec, ...]
    by: str

    def __post_init__(self) -> None:
        assert len(self.ids) == len(self.specs) > 0


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Stop the job for good."""

    job_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequeueAsked:
    """Stop the running attempt, with a checkpoint if wished, and queue the job again."""

    job_id: str
    by: str
    checkpoint: bool
    avoid_node: bool
    reason: str = ""


# Administrators and operators


@dataclass(frozen=True, slots=True)
class QuotasApplied:
    """Parks, firms and quotas, whole. Parks are added, never removed, while they have nodes.

    Windows that were announced while the centre runs stay beside those of the quota files.
    """

    tree: QuotaTree
    firms: Mapping[str, Firm]
    parks: Mapping[str, Park]
    class_of_device: Mapping[str, str]
    by: str
    classes: Mapping[str, ClassFacts] = field(default_factory=dict)
    obstacles: Mapping[str, Announced] = field(default_factory=dict)
    reserves: Mapping[str, StandingReserve] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParkAdded:
    """A park is made known."""

    park: Park
    by: str


@dataclass(frozen=True, slots=True)
class WindowAnnounced:
    """A window is announced by somebody; its id was made, or given, at the edge."""

    window: Announced
    by: str

    def __post_init__(self) -> None:
        assert self.by, "somebody announces it"


@dataclass(frozen=True, slots=True)
class MaintenanceWithdrawn:
    """A maintenance window of a park is called off."""

    park: str
    window_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ReservationWithdrawn:
    """An advance reservation is given up."""

    window_id: str
    by: str


@dataclass(frozen=True, slots=True)
class DrainAsked:
    """Start nothing new on a node; with `requeue`, stop what runs there with a checkpoint and queue it again."""

    node_id: str
    by: str
    reason: str
    requeue: bool


@dataclass(frozen=True, slots=True)
class UndrainAsked:
    """Let a node take work again."""

    node_id: str
    by: str


@dataclass(frozen=True, slots=True)
class NodeConfirmedDead:
    """The operator states that the node's power is off: its leases end now."""

    node_id: str
    by: str


# Agents


@dataclass(frozen=True, slots=True)
class NodeConnected:
    """A node has opened a session and said what it is."""

    node_id: str
    park: str
    name: str
    boot_id: str
    journal_id: str
    gpus: tuple[Gpu, ...]
    cpus: int
    memory_bytes: int
    address: str
    agent_version: str
    driver_version: str
    isolation: str
    problems: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RankHeld:
    """A rank that a node says it has."""

    attempt_id: str
    rank: int
    fencing: Fencing
    state: str  # staging | accepted | running | stopping | exited


@dataclass(frozen=True, slots=True)
class NodeHolds:
    """Every rank that a node has, said once after it connected; `rebooted` if it has another boot id than before."""

    node_id: str
    ranks: tuple[RankHeld, ...]
    rebooted: bool = False


@dataclass(frozen=True, slots=True)
class NodesHeard:
    """When nodes were last heard, as their fronts know."""

    at: tuple[tuple[str, Instant], ...]


@dataclass(frozen=True, slots=True)
class HealthReported:
    """The verdict on each GPU of a node, and what was found."""

    node_id: str
    verdicts: tuple[tuple[str, Verdict, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The node holds the rank's GPUs and has its files."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The node does not take the rank."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Started:
    """The rank's command runs since `at`."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Exited:
    """The rank's command has ended."""

    exit_code: int
    signal: int
    cause: str  # exited | stopped | lease-ended | start-failed | shim-lost | node-rebooted
    detail: str
    started_at: Instant | None
    first_output_at: Instant | None
    ended_at: Instant
    log_bytes: int
    output_pending: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """Nothing of the rank is left on its GPUs."""


@dataclass(frozen=True, slots=True)
class CheckpointDeclared:
    """The rank has declared a durable checkpoint; it is not at the centre yet.

    `at` is when, by the node's calendar; None: just now.
    """

    number: int
    step: int
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class CheckpointStored:
    """The checkpoint is at the centre."""

    number: int
    step: int
    blob: Blob


@dataclass(frozen=True, slots=True)
class CheckpointLost:
    """The checkpoint will never arrive."""

    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class OutputStored:
    """What the rank left in its output directory is at the centre, less what `left_out` names."""

    blob: Blob
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class OutputLost:
    """What the rank left in its output directory will never arrive."""

    detail: str


@dataclass(frozen=True, slots=True)
class Used:
    """GPUs held for a while, measured by the node's boot clock, on which it ended at `until_boot_ms`."""

    gpus: tuple[str, ...]
    from_at: Instant
    until_at: Instant
    milliseconds: int
    energy_millijoules: int | None
    until_boot_ms: int


RankNews = (
    Accepted
    | Refused
    | Started
    | Exited
    | Released
    | CheckpointDeclared
    | CheckpointStored
    | CheckpointLost
    | OutputStored
    | OutputLost
    | Used
)


@dataclass(frozen=True, slots=True)
class RankReported:
    """News of one rank, from its node's journal."""

    node_id: str
    attempt_id: str
    rank: int
    fencing: Fencing
    news: RankNews


Report = (
    JobsSubmitted
    | CancelAsked
    | RequeueAsked
    | QuotasApplied
    | ParkAdded
    | WindowAnnounced
    | MaintenanceWithdrawn
    | ReservationWithdrawn
    | DrainAsked
    | UndrainAsked
    | NodeConfirmedDead
    | NodeConnected
    | NodeHolds
    | NodesHeard
    | HealthReported
    | RankReported
)
