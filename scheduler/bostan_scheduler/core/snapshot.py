"""Everything that a decision may look at, the time and the settings included."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.history import History
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import Gpu, JournalPosition, Node
from bostan_scheduler.core.obstacle import Obstacle, Pins, StandingReserve
from bostan_scheduler.core.order import Order, Service
from bostan_scheduler.core.order.fair_clock import FairClock
from bostan_scheduler.core.preemption.settings import Preemption
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.timeline.reserved import Reserved


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits and waits of the core. Each is set at the edge and read nowhere else."""

    silence_seconds: int = 30
    start_within_seconds: int = 60
    release_margin_seconds: int = 30
    lease_seconds: int = 86_400
    lease_margin_seconds: int = 30
    renew_seconds: int = 300
    checkpoint_wait_seconds: int = 600
    pending_jobs_max: int = 1_000_000
    park_windows_max: int = 200
    avoid_nodes_max: int = 8
    avoid_wait_seconds: int = 120
    default_estimate_seconds: int = 3600
    order: Order = Service()
    preemption: Preemption = Preemption()
    learnt_runs_max: int = 20
    learnt_kinds_max: int = 4096
    learnt_jobs_max: int = 5000
    usage_half_life_seconds: int = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Firm:
    """A tenant and its projects."""

    id: str
    name: str = ""
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Park:
    """A site with one operator."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """How fast a GPU class is and what it costs, both in thousandths of the reference class."""

    speed_milli: int = 1000
    su_milli: int = 1000

    def __post_init__(self) -> None:
        assert self.speed_milli > 0
        assert self.su_milli > 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at `now`. Its mappings are never changed once it was handed out.

    `jobs` are those not finished; `attempts` are those that hold something, and the earlier ones of unfinished
    jobs. `heard` is when each node was last heard, `journals` how far
    its journal was taken in, both by node id. `class_of_device` overrides a device's own class by its name;
    `classes` are the facts of each class, `obstacles` what keeps GPUs from some jobs for a time, by id.
    `reserves` are what parks keep for their own tenants, by id; `foreseen_at` is when their next times were put among
    the obstacles, None: not yet. `pins` are the nodes of those obstacles that take part of a park and are near, by id.
    `history` is how long finished jobs ran, `decayed` the GPU time that firms have used, fading.
    `reserved` is what is kept for waiting jobs, by job; `round_at` is when it was last looked for who should
    make room for whom, `stirred_at` when a job came, ended or was queued again;
    `held_lately` is how many GPUs of each class each leaf had held lately when it was, by quota id;
    `urgent` are the jobs that had to hurry then, `fair_clock` what they are measured by.
    `fencing_counter` is the last one given out in this leader's `epoch`.
    """

    now: Instant
    settings: Settings = Settings()
    epoch: int = 1
    fencing_counter: int = 0
    jobs: Mapping[str, Job] = field(default_factory=dict)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    heard: Mapping[str, Instant] = field(default_factory=dict)
    journals: Mapping[str, JournalPosition] = field(default_factory=dict)
    firms: Mapping[str, Firm] = field(default_factory=dict)
    parks: Mapping[str, Park] = field(default_factory=dict)
    class_of_device: Mapping[str, str] = field(default_factory=dict)
    quota: QuotaTree = field(default_factory=QuotaTree)
    classes: Mapping[str, ClassFacts] = field(default_factory=dict)
    obstacles: Mapping[str, Obstacle] = field(default_factory=dict)
    reserves: Mapping[str, StandingReserve] = field(default_factory=dict)
    foreseen_at: Instant | None = None
    pins: Mapping[str, Pins] = field(default_factory=dict)
    reserved: Mapping[str, Reserved] = field(default_factory=dict)
    round_at: Instant = 0
    stirred_at: Instant = 0
    held_lately: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    urgent: tuple[str, ...] = ()
    fair_clock: FairClock = FairClock()
    history: History = field(default_factory=History)
    decayed: Decayed = field(default_factory=Decayed)

    def lately(self, quota_id: str) -> Mapping[str, float]:
        """How many GPUs of each class the accounts of a leaf held lately, on an average that fades."""
        firm = self.quota.nodes[quota_id].firm
        assert firm is not None, f"{quota_id} is no leaf"
        held: dict[str, float] = {}
        for (project, gpu_class), seconds in self.decayed.of_firm(firm, self.now).items():
            leaf = self.quota.leaf(firm, project, self.now)
            if leaf is not None and leaf.id == quota_id:
                held[gpu_class] = held.get(gpu_class, 0.0) + self.decayed.gpus(seconds)
        return held

    def gpu_class(self, gpu: Gpu) -> str | None:
        """The class that a device counts as; None: it is of no class and nothing is placed on it."""
        return gpu.class_by(self.class_of_device)
