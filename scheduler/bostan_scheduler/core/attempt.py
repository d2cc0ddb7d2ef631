"""An attempt: one try at a job, its ranks on their nodes, its lease, and how far it has come."""

from dataclasses import dataclass
from enum import StrEnum

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.outcome import Outcome
from bostan_scheduler.core.outputs import NO_OUTPUTS, RankOutputs


@dataclass(frozen=True, slots=True, order=True)
class Fencing:
    """Grows with every attempt; a node refuses lower numbers for a GPU that has seen a higher one."""

    epoch: int
    counter: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rank runs: exactly these GPUs of this node."""

    rank: int
    node_id: str
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to hold the GPUs until `until`; the shims end their ranks before it."""

    until: Instant
    renewed_at: Instant


# What was seen of a rank


@dataclass(frozen=True, slots=True)
class RankOffered:
    """Its node has not answered yet."""


@dataclass(frozen=True, slots=True)
class RankAccepted:
    """Its node holds the GPUs and has staged the files; a gang meets at rank 0's address."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RankStarted:
    """Its command runs."""

    address: str
    port: int
    at: Instant


@dataclass(frozen=True, slots=True)
class RankExited:
    """Its command has ended; its GPUs are not yet seen free unless `released`."""

    exit_code: int
    signal: int
    cause: str
    detail: str
    started_at: Instant | None
    first_output_at: Instant | None
    ended_at: Instant
    log_bytes: int
    released: bool = False
    outputs: RankOutputs = NO_OUTPUTS


@dataclass(frozen=True, slots=True)
class RankReleased:
    """It never ran: the offer was refused, given up or has lapsed."""

    reason: str


RankSeen = RankOffered | RankAccepted | RankStarted | RankExited | RankReleased

NODE_LOST = "node-lost"
"""The cause of an exit that nobody saw: the node is known to run the rank no more. Its journal may yet tell how it ended."""


def is_free(seen: RankSeen) -> bool:
    """Whether a rank holds nothing any more."""
    match seen:
        case RankExited(released=released):
            return released
        case RankReleased():
            return True
        case _:
            return False


# Phases


@dataclass(frozen=True, slots=True)
class Offered:
    """The nodes are asked; accepts lapse at `lapses_at`."""

    since: Instant
    lapses_at: Instant


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The offer is being given up; GPUs are free when each rank is released, or a margin after the lapse."""

    since: Instant
    lapses_at: Instant
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Starting:
    """Every node has accepted and is told to start; all ranks must run by `lapses_at`."""

    since: Instant
    lapses_at: Instant
    lease: Lease


@dataclass(frozen=True, slots=True)
class Running:
    """Every rank was seen running."""

    since: Instant
    lease: Lease


@dataclass(frozen=True, slots=True)
class Unknown:
    """A node of it is silent: it may run on, so nothing is freed and nothing restarted before the lease has ended."""

    since: Instant
    before: Starting | Running

    @property
    def lease(self) -> Lease:
        """The lease that it had."""
        return self.before.lease


@dataclass(frozen=True, slots=True)
class Ending:
    """Its outcome is known; some ranks have yet to stop or their GPUs to be seen free."""

    since: Instant
    lease: Lease
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ended:
    """It holds nothing any more."""

    outcome: Outcome
    at: Instant


AttemptPhase = Offered | Withdrawn | Starting | Running | Unknown | Ending | Ended


# Intent


class StopCause(StrEnum):
    """Why an attempt is to stop."""

    CANCELLED = "cancelled"
    REQUEUED = "requeued"
    TIME_LIMIT = "time-limit"
    PEER_ENDED = "peer-ended"
    NODE_DRAINED = "node-drained"
    NOT_STARTED = "not-started"
    PREEMPTED = "preempted"


@dataclass(frozen=True, slots=True)
class Run:
    """It is wanted to run."""


@dataclass(frozen=True, slots=True)
class Stop:
    """It is wanted to stop, and what its outcome will be then. `for_job` is the job that it makes room for."""

    cause: StopCause
    checkpoint: bool
    since: Instant
    outcome: Outcome
    for_job: str | None = None


Intent = Run | Stop


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job. `seen[i]` is what was seen of the rank in `places[i]`.

    `used_until_ms[i]` is up to where its GPU time is in the ledger, by its node's boot clock; empty: nothing is.
    """

    id: str
    job_id: str
    firm: str
    project: str | None
    quota_id: str
    number: int
    fencing: Fencing
    park: str
    gpu_class: str | None
    places: tuple[Place, ...]
    seen: tuple[RankSeen, ...]
    created_at: Instant
    phase: AttemptPhase
    lease_seconds: int
    time_limit_seconds: int
    intent: Intent = Run()
    started_at: Instant | None = None
    resumed_from_step: int | None = None
    used_until_ms: tuple[int, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        assert len(self.places) == len(self.seen), "what was seen of each rank stands beside its place"
        assert [place.rank for place in self.places] == list(range(len(self.places)))
        assert len(self.used_until_ms) in (0, len(self.places)), "GPU time is counted rank by rank"

    @property
    def gpus(self) -> int:
        """GPUs that it holds until it has ended."""
        return sum(len(place.gpus) for place in self.places)

    @property
    def holds(self) -> bool:
        """Whether its GPUs and quota are taken."""
        return not isinstance(self.phase, Ended)

    @property
    def lease(self) -> Lease | None:
        """Its lease, once it was told to start."""
        match self.phase:
            case Starting() | Running() | Unknown() | Ending():
                return self.phase.lease
            case _:
                return None

    @property
    def awaited_node_ids(self) -> tuple[str, ...]:
        """The nodes on which a rank of it still holds something."""
        pairs = zip(self.places, self.seen, strict=True)
        return tuple(dict.fromkeys(place.node_id for place, seen in pairs if not is_free(seen)))

    @property
    def node_ids(self) -> tuple[str, ...]:
        """The nodes of its ranks, each once, in rank order."""
        return tuple(dict.fromkeys(place.node_id for place in self.places))
