"""What the store in memory holds, and what it refuses: the checks that SQLite makes by keys and references."""

import threading
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import KeepOutput, Use
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Finished, Job
from bostan_scheduler.core.node import JournalPosition, Node
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park, Settings
from bostan_scheduler.service.ports import (
    Commit,
    LeadershipLost,
    Receipt,
    StaleRow,
    StoredEvent,
    StoreError,
    TokenRow,
)
from bostan_scheduler.store.past import oldest_counted

Versioned = Job | Attempt | Node


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads, since when; nobody yet in epoch 0."""

    epoch: int = 0
    holder: str = "nobody"
    since: Instant = 0


@dataclass(slots=True)
class MemoryState:
    """The tables as mappings. Whoever looks or changes takes the lock."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    leadership: Leadership = Leadership()
    jobs: dict[str, Job] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    attempt_ids: dict[str, dict[int, str]] = field(default_factory=dict)
    """Of each job, by number."""
    outputs: dict[tuple[str, int], KeepOutput] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    journals: dict[str, JournalPosition] = field(default_factory=dict)
    parks: dict[str, Park] = field(default_factory=dict)
    firms: dict[str, Firm] = field(default_factory=dict)
    quota: QuotaTree = field(default_factory=QuotaTree)
    class_of_device: dict[str, str] = field(default_factory=dict)
    classes: dict[str, ClassFacts] = field(default_factory=dict)
    file_windows: dict[str, Announced] = field(default_factory=dict)
    announced_windows: dict[str, Announced] = field(default_factory=dict)
    reserves: dict[str, StandingReserve] = field(default_factory=dict)
    usage: list[tuple[str, Use]] = field(default_factory=list)
    """Segments, each with the id of its job."""
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    tokens: dict[str, TokenRow] = field(default_factory=dict)
    events: list[StoredEvent] = field(default_factory=list)
    events_forgotten: int = 0
    """The first ones, which the list has no more."""

    @property
    def newest_seq(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self.events_forgotten + len(self.events)

    def require_leader(self, epoch: int) -> None:
        """Raises `LeadershipLost` when the epoch is not the leader's."""
        leader = self.leadership
        if epoch != leader.epoch:
            raise LeadershipLost(
                f"epoch {epoch} does not lead: {leader.holder} does, in epoch {leader.epoch}"
            )

    def require_all(self, commit: Commit, oldest_receipt: Instant) -> None:
        """See that the whole commit can be kept, before any of it is. Receipts from before the oldest are forgotten.

        Raises:
            LeadershipLost, StaleRow: as the port says.
            StoreError: a row refers to one that is not there.
        """
        self.require_leader(commit.epoch)
        _require_versions(commit.jobs, self.jobs)
        _require_versions(commit.attempts, self.attempts)
        _require_versions(commit.nodes, self.nodes)
        self._require_references(commit)
        self._require_new_receipts(commit.receipts, oldest_receipt)

    def newest_finished(self, limit: int) -> list[Job]:
        """The finished jobs that were submitted last."""
        finished = (job for job in self.jobs.values() if isinstance(job.phase, Finished))
        return nlargest(limit, finished, key=lambda job: (job.submitted_at, job.id))

    def decayed(self, settings: Settings, now: Instant) -> Decayed:
        """The usage that still counts, segment by segment."""
        usage, oldest = Decayed(settings.usage_half_life_seconds), oldest_counted(settings, now)
        for _, use in self.usage:
            if use.until_at >= oldest:
                account, span = (use.project, use.gpu_class), (use.from_at, use.until_at)
                usage = usage.add(use.firm, account, *span, use.gpu_milliseconds)
        return usage

    def _require_references(self, commit: Commit) -> None:
        jobs = (self.jobs, {job.id for job in commit.jobs})
        attempts = (self.attempts, {attempt.id for attempt in commit.attempts})
        _require_known(jobs, (attempt.job_id for attempt in commit.attempts))
        _require_known(jobs, (kept.job_id for kept in commit.outputs))
        _require_known(attempts, (use.attempt_id for use in commit.usage))
        for attempt in commit.attempts:
            other = self.attempt_ids.get(attempt.job_id, {}).get(attempt.number, attempt.id)
            if other != attempt.id:
                raise StaleRow(f"attempt {attempt.number} of {attempt.job_id} is {other} already")

    def _require_new_receipts(self, receipts: Iterable[Receipt], oldest: Instant) -> None:
        new: set[tuple[str, str]] = set()
        for receipt in receipts:
            key = (receipt.asker, receipt.key)
            known = self.receipts.get(key)
            if key in new or (known is not None and known.at >= oldest):
                raise StaleRow(f"an answer under key {receipt.key!r} was given to {receipt.asker} already")
            new.add(key)


def _require_versions(rows: Iterable[Versioned], known: Mapping[str, Versioned]) -> None:
    versions: dict[str, int] = {}
    for row in rows:
        before = known.get(row.id)
        version = versions.get(row.id, before.version if before is not None else 0)
        if row.version != version + 1:
            raise StaleRow(f"{row.id} is at version {version}; version {row.version} cannot follow")
        versions[row.id] = row.version


def _require_known(known: tuple[Container[str], Container[str]], wanted: Iterable[str]) -> None:
    before, new = known
    for row_id in wanted:
        if row_id not in before and row_id not in new:
            raise StoreError(f"there is no {row_id} to refer to")
