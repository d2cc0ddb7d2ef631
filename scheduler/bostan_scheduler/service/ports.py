"""What the writer and the fronts want of a store, and what the fronts want of the writer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import KeepOutput, SetQuotas, Use
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Output
from bostan_scheduler.core.node import JournalPosition, Node
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park, Settings, Snapshot
from bostan_scheduler.service.messages import Outbox, Reply, Request


class StoreError(Exception):
    """The store could not do what was asked."""


class LeadershipLost(StoreError):
    """Another leader has taken over; nothing of this commit was kept."""


class StaleRow(StoreError):
    """A row was moved by somebody else; nothing of this commit was kept."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A change as history keeps it."""

    at: Instant
    kind: str
    firm: str | None = None
    job_id: str | None = None
    attempt_id: str | None = None
    node_id: str | None = None
    was: str = ""
    now: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its place in history."""

    seq: int
    event: NewEvent


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer once given under an idempotency key."""

    asker: str
    key: str
    fingerprint: str
    ids: tuple[str, ...]
    at: Instant


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one step changes, kept whole or not at all.

    A row whose version is 1 is new; any other replaces the row of the version before. `jobs`, `attempts` and
    `nodes` are such rows. `decayed` is what all usage is worth with that of this commit; it comes with any usage. `windows` were announced
    beside those of `quotas`, and `windows_gone` are those, by id, that are no more. An output replaces that of an earlier attempt of the same job and rank. The store refuses the whole commit when `epoch` is not the leader's (`LeadershipLost`)
    or when a row is not at the version before (`StaleRow`).
    """

    epoch: int
    at: Instant
    jobs: tuple[Job, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    nodes: tuple[Node, ...] = ()
    journals: tuple[JournalPosition, ...] = ()
    quotas: SetQuotas | None = None
    parks: tuple[Park, ...] = ()
    windows: tuple[Announced, ...] = ()
    windows_gone: tuple[str, ...] = ()
    usage: tuple[Use, ...] = ()
    decayed: Decayed | None = None
    outputs: tuple[KeepOutput, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    events: tuple[NewEvent, ...] = ()


class Writer(Protocol):
    """The store as the one writer sees it. Blocking; called from one thread."""

    def lead(self, holder: str, now: Instant) -> int:
        """Take the leadership from whoever has it; the new epoch, higher than any before."""
        ...

    def load(self, epoch: int, settings: Settings, now: Instant) -> Snapshot:
        """Unfinished jobs with all their attempts, nodes, journals, quotas, firms, parks; every node heard at `now`.

        What finished jobs teach and what was used comes from the newest of them, and from the newest usage.
        """
        ...

    def commit(self, commit: Commit) -> int:
        """Keep it; the highest event `seq` so far. Raises `LeadershipLost`, `StaleRow`, `StoreError`."""
        ...

    def receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        """The answers given under these (asker, key) pairs; a pair without one is left out."""
        ...

    def attempt(self, attempt_id: str) -> Attempt | None:
        """An attempt, also one that has long ended."""
        ...


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; absent: any. `firms` None means all firms."""

    firms: tuple[str, ...] | None = None
    project: str | None = None
    phase: str | None = None  # queued | active | finished
    name: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API or park token: only the SHA-256 of its secret is kept. `role` is an API role, or `park`."""

    id: str
    sha256: str
    name: str
    role: str
    firm: str | None
    project: str | None
    park: str | None
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class UsageSum:
    """GPU time of a firm's project in one class."""

    firm: str
    project: str | None
    gpu_class: str
    gpu_milliseconds: int
    jobs: int


class Reader(Protocol):
    """The store as fronts see it: what is committed, and the tokens. Blocking and quick; safe from many threads."""

    def job(self, job_id: str) -> Job | None: ...

    def jobs(self, which: JobFilter, before: tuple[Instant, str] | None, limit: int) -> Sequence[Job]:
        """Newest first; `before` is the (submitted_at, id) of the last one seen."""
        ...

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """All attempts of a job, oldest first."""
        ...

    def newest_attempts(self, job_ids: Sequence[str]) -> dict[str, Attempt]:
        """The newest attempt of each job that has one."""
        ...

    def active_attempts(self) -> Sequence[Attempt]:
        """Attempts that hold something."""
        ...

    def attempt(self, attempt_id: str) -> Attempt | None: ...

    def outputs(self, job_id: str) -> Sequence[Output]:
        """The newest output of each rank, by rank."""
        ...

    def needed_archives(self) -> frozenset[str]:
        """The hashes of what unfinished jobs refer to: work directories, checkpoints, outputs so far. Takes a while."""
        ...

    def epoch(self) -> int:
        """The epoch of whoever leads; 0 when nobody ever has."""
        ...

    def nodes(self, park: str | None = None) -> Sequence[Node]: ...

    def node(self, node_id: str) -> Node | None: ...

    def parks(self) -> Sequence[Park]: ...

    def firms(self) -> Sequence[Firm]: ...

    def quota_tree(self) -> QuotaTree: ...

    def class_of_device(self) -> dict[str, str]: ...

    def classes(self) -> dict[str, ClassFacts]:
        """The facts of each class that has any."""
        ...

    def windows(self) -> dict[str, Announced]:
        """All windows by id: those of the quota files, and those that were announced."""
        ...

    def reserves(self) -> dict[str, StandingReserve]:
        """What parks keep for their own tenants, by id."""
        ...

    def usage(self, firms: tuple[str, ...] | None, from_at: Instant, until_at: Instant) -> Sequence[UsageSum]:
        """Segments are counted by the part of them that lies in the window."""
        ...

    def job_gpu_milliseconds(self, job_ids: Sequence[str]) -> dict[str, int]: ...

    def events(
        self, after: int, limit: int, job_id: str | None = None, firms: tuple[str, ...] | None = None
    ) -> Sequence[StoredEvent]:
        """Oldest first, from the one after `after`; older ones than `oldest_event` are not kept any more."""
        ...

    def oldest_event(self) -> int:
        """The number of the oldest event that is kept; 0 when none is."""
        ...

    def forget_events(self, before: Instant, limit: int) -> int:
        """Remove the oldest events, those from before an instant, at most so many; how many. The newest one stays."""
        ...

    def token(self, sha256: str) -> TokenRow | None: ...

    def tokens(self) -> Sequence[TokenRow]: ...

    def add_token(self, token: TokenRow) -> None: ...

    def revoke_token(self, token_id: str, now: Instant) -> bool:
        """Whether there was such a token in force."""
        ...

    def counts(self) -> dict[str, int]:
        """For metrics: jobs by phase, keyed `jobs_queued`, `jobs_active`, `jobs_finished`, and `events`."""
        ...


class LeaderUnavailable(Exception):
    """The leader did not answer in time; whether the request was carried out is not known."""


class Leader(Protocol):
    """The writer as fronts see it. Requests are batched on their way; a reply comes after the commit."""

    async def ask(self, request: Request) -> Reply:
        """Raises `LeaderUnavailable` when no answer came within the limit."""
        ...

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Outbox]]:
        """Everything that goes out from the moment of entering. Iteration ends when the leader changes, or when the
        reader was too slow: then sessions are to be opened anew. Raises `LeaderUnavailable` on entering."""
        ...
