"""What should follow, one case a kind of change. `apply` carries them out; the store keeps them as events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt, AttemptPhase, Intent, RankSeen
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Checkpoint, Job, Output, PendingCheckpoint, Tries
from bostan_scheduler.core.node import Drain, Gpu, Node, Session
from bostan_scheduler.core.obstacle import Announced, LocalReserve, Pins, StandingReserve
from bostan_scheduler.core.order.fair_clock import FairClock
from bostan_scheduler.core.outcome import Outcome
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park
from bostan_scheduler.core.timeline.reserved import Reserved

# Jobs


@dataclass(frozen=True, slots=True)
class Add:
    """A job enters the queue."""

    job: Job


@dataclass(frozen=True, slots=True)
class Start:
    """A queued job gets its next attempt, which is offered to its nodes."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Requeue:
    """A job goes back into the queue after an attempt."""

    job_id: str
    since: Instant
    tries: Tries
    avoid_nodes: tuple[str, ...]
    why: str
    preempted: bool = False
    made_room_for: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """A job has come so far: what it need not repeat at speed 1, and what all its attempts ran."""

    job_id: str
    done_milliseconds: int
    run_milliseconds: int


@dataclass(frozen=True, slots=True)
class Finish:
    """A job ends."""

    job_id: str
    outcome: Outcome
    at: Instant


@dataclass(frozen=True, slots=True)
class KeepCheckpoints:
    """A job's checkpoints, held and on their way, are now these."""

    job_id: str
    held: tuple[Checkpoint, ...]
    pending: tuple[PendingCheckpoint, ...]
    why: str


@dataclass(frozen=True, slots=True)
class KeepOutput:
    """A rank's output has arrived, perhaps long after its job has finished; `left_out` is what is not in it."""

    job_id: str
    firm: str
    output: Output
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class LoseOutput:
    """A rank's output will never arrive."""

    job_id: str
    firm: str
    attempt_id: str
    rank: int
    why: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """GPUs are kept for a waiting job, instead of what was kept for it before."""

    reserved: Reserved


@dataclass(frozen=True, slots=True)
class Unreserve:
    """Nothing is kept for a job any more."""

    job_id: str


@dataclass(frozen=True, slots=True)
class HoldRound:
    """It was looked for jobs that others should make room for; what leaves held lately, and who is urgent, is as of then."""

    at: Instant
    held_lately: Mapping[str, Mapping[str, float]]
    urgent: tuple[str, ...]
    fair_clock: FairClock


# Attempts


@dataclass(frozen=True, slots=True)
class Move:
    """An attempt's phase changes."""

    attempt_id: str
    phase: AttemptPhase
    why: str


@dataclass(frozen=True, slots=True)
class See:
    """Something new was seen of a rank."""

    attempt_id: str
    rank: int
    seen: RankSeen


@dataclass(frozen=True, slots=True)
class Intend:
    """It is now wanted that an attempt runs, or stops."""

    attempt_id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Renew:
    """An attempt may hold its GPUs until later."""

    attempt_id: str
    until: Instant


@dataclass(frozen=True, slots=True)
class Use:
    """GPU time of a rank, to be kept in the ledger; on its node's boot clock it ended at `until_boot_ms`."""

    attempt_id: str
    rank: int
    firm: str
    project: str | None
    gpu_class: str
    gpus: tuple[str, ...]
    from_at: Instant
    until_at: Instant
    gpu_milliseconds: int
    energy_millijoules: int | None
    until_boot_ms: int


# Nodes, parks, quotas


@dataclass(frozen=True, slots=True)
class Know:
    """A node is as it has just said."""

    node: Node


@dataclass(frozen=True, slots=True)
class Hear:
    """A node is heard, or silent, since now."""

    node_id: str
    session: Session


@dataclass(frozen=True, slots=True)
class Judge:
    """A node's GPUs have new verdicts."""

    node_id: str
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True, slots=True)
class SetDrain:
    """A node is drained, or not any more."""

    node_id: str
    drain: Drain | None
    by: str


@dataclass(frozen=True, slots=True)
class SetQuotas:
    """Quotas, firms, classes and the windows of the quota files are now these; parks are added."""

    tree: QuotaTree
    firms: Mapping[str, Firm]
    parks: Mapping[str, Park]
    class_of_device: Mapping[str, str]
    by: str
    classes: Mapping[str, ClassFacts] = field(default_factory=dict)
    obstacles: Mapping[str, Announced] = field(default_factory=dict)
    reserves: Mapping[str, StandingReserve] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddPark:
    """A park is known."""

    park: Park
    by: str


@dataclass(frozen=True, slots=True)
class AddObstacle:
    """A window is announced while the centre runs."""

    obstacle: Announced


@dataclass(frozen=True, slots=True)
class RemoveObstacle:
    """A window that was announced while the centre runs is called off by somebody; or, by nobody, it is over."""

    obstacle_id: str
    by: str


@dataclass(frozen=True, slots=True)
class Foresee:
    """The next times of all standing reserves are these, in place of those foreseen before."""

    reserves: tuple[LocalReserve, ...]
    at: Instant


@dataclass(frozen=True, slots=True)
class Pin:
    """A part of a park is kept on these nodes, instead of where it was before."""

    pins: Pins


Change = (
    Add
    | Start
    | Requeue
    | Credit
    | Finish
    | Reserve
    | Unreserve
    | HoldRound
    | KeepCheckpoints
    | KeepOutput
    | LoseOutput
    | Move
    | See
    | Intend
    | Renew
    | Use
    | Know
    | Hear
    | Judge
    | SetDrain
    | SetQuotas
    | AddPark
    | AddObstacle
    | RemoveObstacle
    | Foresee
    | Pin
)


# Refusals


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer "no" to something asked: a code from a closed list, a sentence, and what to do."""

    code: str  # not-found | conflict | invalid | limit
    detail: str
    remedy: str = ""
