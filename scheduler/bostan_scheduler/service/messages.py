"""What the fronts ask of the writer, and what it answers and sends out."""

from dataclasses import dataclass, field

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.desired import DesiredSet
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.node import Drain
from bostan_scheduler.core.reports import NodeConnected, NodeHolds, RankReported, Report
from bostan_scheduler.core.waits import Reason
from bostan_scheduler.core.why.viewer import EVERYTHING, Viewer
from bostan_scheduler.core.why.why import Why
from bostan_scheduler.service.decisions import Tally

# Requests


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The same key from the same asker gets the first answer again; another request under it is refused."""

    asker: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Tell:
    """News for the core, or something asked of it. Answered by `Done` or a `Refusal` after the commit."""

    report: Report
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A node has connected. `session_id` is unique; a newer one replaces it. Answered by `SessionOpened`."""

    session_id: str
    hello: NodeConnected
    holds: NodeHolds


@dataclass(frozen=True, slots=True)
class Journal:
    """Records of a node's journal in ascending `seq`; a record that means nothing to the core is None."""

    session_id: str
    node_id: str
    journal_id: str
    records: tuple[tuple[int, RankReported | Report | None], ...]


@dataclass(frozen=True, slots=True)
class AskWhy:
    """Why does this job wait? `in_full` also what would help. Answered by `WhyAnswer` or a `Refusal`."""

    job_id: str
    viewer: Viewer = EVERYTHING
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class AskHeard:
    """When was each node last heard? Answered by `HeardAnswer`."""


@dataclass(frozen=True, slots=True)
class AskWaits:
    """How many jobs wait, by their main reason? Answered by `WaitsAnswer`."""


@dataclass(frozen=True, slots=True)
class AskPlanning:
    """What was planned since the leader leads? Answered by `PlanningAnswer`."""


Request = Tell | OpenSession | Journal | AskWhy | AskHeard | AskWaits | AskPlanning

# Replies


@dataclass(frozen=True, slots=True)
class Done:
    """It is committed. `ids` are those of what was made (jobs, windows), `at` is when (the first answer's, on a repeat)."""

    ids: tuple[str, ...] = ()
    at: Instant = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The node is known; its journal is acknowledged up to `acked_seq`. Its desired set is in the outbox."""

    epoch: int
    acked_seq: int
    drain: Drain | None


@dataclass(frozen=True, slots=True)
class JournalAcked:
    """Everything up to `acked_seq` is committed."""

    journal_id: str
    acked_seq: int


@dataclass(frozen=True, slots=True)
class SessionReplaced:
    """A newer session of the node is open; this one is to be closed."""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """Why a queued job waits, as far as it is the asker's to see."""

    why: Why


@dataclass(frozen=True, slots=True)
class HeardAnswer:
    """When each node was last heard."""

    at: tuple[tuple[str, Instant], ...]


@dataclass(frozen=True, slots=True)
class WaitsAnswer:
    """Jobs that wait, by main reason, as the latest plan saw them. Reasons of no job are left out."""

    jobs: tuple[tuple[Reason, int], ...]


@dataclass(frozen=True, slots=True)
class PlanningAnswer:
    """Plans and decisions, and what became of the log of them."""

    tally: Tally


Reply = (
    Done
    | SessionOpened
    | JournalAcked
    | SessionReplaced
    | WhyAnswer
    | HeardAnswer
    | WaitsAnswer
    | PlanningAnswer
    | Refusal
)

# Outbox


@dataclass(frozen=True, slots=True)
class Renewal:
    """A lease that may go on until later, for one node's ranks of an attempt."""

    node_id: str
    attempt_id: str
    ranks: tuple[int, ...]
    fencing_epoch: int
    fencing_counter: int
    until: Instant


@dataclass(frozen=True, slots=True)
class Outbox:
    """What goes out after a commit: to nodes (through whichever front has their session) and to watchers."""

    desired: tuple[DesiredSet, ...] = ()
    renewals: tuple[Renewal, ...] = ()
    drains: tuple[tuple[str, Drain | None], ...] = ()
    sessions: tuple[tuple[str, str], ...] = ()  # node id, its newest session id
    events_up_to: int = 0

    def __bool__(self) -> bool:
        return bool(self.desired or self.renewals or self.drains or self.sessions or self.events_up_to)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step gave: a reply to each request, in order, and the outbox."""

    replies: tuple[Reply, ...] = ()
    outbox: Outbox = field(default_factory=Outbox)
