"""The fronts' side of the store in memory."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, takewhile

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Output
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park
from bostan_scheduler.service.ports import JobFilter, StaleRow, StoredEvent, TokenRow, UsageSum
from bostan_scheduler.store.memory_state import MemoryState
from bostan_scheduler.store.rows import PHASES, UNFINISHED, phase_name
from bostan_scheduler.store.usage import Account, Segment, UsageTable


class MemoryReader:
    """A `Reader` of values in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def job(self, job_id: str) -> Job | None:
        """A job, also one that has long finished."""
        with self._state.lock:
            return self._state.jobs.get(job_id)

    def jobs(self, which: JobFilter, before: tuple[Instant, str] | None, limit: int) -> Sequence[Job]:
        """Newest first; `before` is the (submitted_at, id) of the last one seen."""
        with self._state.lock:
            found = [
                job
                for job in self._state.jobs.values()
                if _passes(job, which) and (before is None or _age(job) < before)
            ]
        return tuple(heapq.nlargest(limit, found, key=_age))

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """All attempts of a job, oldest first."""
        with self._state.lock:
            ids = self._state.attempt_ids.get(job_id, {})
            return tuple(self._state.attempts[ids[number]] for number in sorted(ids))

    def newest_attempts(self, job_ids: Sequence[str]) -> dict[str, Attempt]:
        """The newest attempt of each job that has one."""
        attempts = {job_id: self.attempts(job_id) for job_id in job_ids}
        return {job_id: found[-1] for job_id, found in attempts.items() if found}

    def active_attempts(self) -> Sequence[Attempt]:
        """Attempts that hold something, by id."""
        with self._state.lock:
            holding = [attempt for attempt in self._state.attempts.values() if attempt.holds]
        return tuple(sorted(holding, key=lambda attempt: attempt.id))

    def attempt(self, attempt_id: str) -> Attempt | None:
        """An attempt, also one that has long ended."""
        with self._state.lock:
            return self._state.attempts.get(attempt_id)

    def outputs(self, job_id: str) -> Sequence[Output]:
        """The newest output of each rank, by rank."""
        with self._state.lock:
            found = [kept.output for key, kept in self._state.outputs.items() if key[0] == job_id]
        return tuple(sorted(found, key=lambda output: output.rank))

    def needed_archives(self) -> frozenset[str]:
        """The hashes of what unfinished jobs refer to."""
        with self._state.lock:
            unfinished = {
                job.id: job for job in self._state.jobs.values() if phase_name(job.phase) in UNFINISHED
            }
            outputs = [kept.output.blob for key, kept in self._state.outputs.items() if key[0] in unfinished]
        work_dirs = [job.spec.work_dir for job in unfinished.values() if job.spec.work_dir is not None]
        checkpoints = [one.blob for job in unfinished.values() for one in job.checkpoints]
        return frozenset(blob.sha256 for blob in (*work_dirs, *checkpoints, *outputs))

    def epoch(self) -> int:
        """The epoch of whoever leads; 0 when nobody ever has."""
        with self._state.lock:
            return self._state.leadership.epoch

    def nodes(self, park: str | None = None) -> Sequence[Node]:
        """All nodes, or a park's, by id."""
        with self._state.lock:
            found = [node for node in self._state.nodes.values() if park is None or node.park == park]
        return tuple(sorted(found, key=lambda node: node.id))

    def node(self, node_id: str) -> Node | None:
        """A node."""
        with self._state.lock:
            return self._state.nodes.get(node_id)

    def parks(self) -> Sequence[Park]:
        """All parks, by id."""
        with self._state.lock:
            return tuple(sorted(self._state.parks.values(), key=lambda park: park.id))

    def firms(self) -> Sequence[Firm]:
        """All firms, by id."""
        with self._state.lock:
            return tuple(sorted(self._state.firms.values(), key=lambda firm: firm.id))

    def quota_tree(self) -> QuotaTree:
        """The whole tree, whether in force or not."""
        with self._state.lock:
            return self._state.quota

    def classes(self) -> dict[str, ClassFacts]:
        """The facts of each class that has any."""
        with self._state.lock:
            return dict(self._state.classes)

    def windows(self) -> dict[str, Announced]:
        """All windows by id: those of the quota files, and those that were announced."""
        with self._state.lock:
            return {**self._state.file_windows, **self._state.announced_windows}

    def reserves(self) -> dict[str, StandingReserve]:
        """What parks keep for their own tenants, by id."""
        with self._state.lock:
            return dict(self._state.reserves)

    def class_of_device(self) -> dict[str, str]:
        """The class that the devices of a name count as."""
        with self._state.lock:
            return dict(self._state.class_of_device)

    def usage(self, firms: tuple[str, ...] | None, from_at: Instant, until_at: Instant) -> Sequence[UsageSum]:
        """Segments are counted by the part of them that lies in the window."""
        table = UsageTable()
        jobs: dict[Account, set[str]] = {}
        with self._state.lock:
            for job_id, use in self._state.usage:
                segment = Segment(use.from_at, use.until_at, use.gpu_milliseconds)
                if (firms is None or use.firm in firms) and segment.touches(from_at, until_at):
                    account = (use.firm, use.project, use.gpu_class)
                    table.add(account, segment.within(from_at, until_at))
                    jobs.setdefault(account, set()).add(job_id)
        table.jobs = {account: len(ids) for account, ids in jobs.items()}
        return table.sums()

    def job_gpu_milliseconds(self, job_ids: Sequence[str]) -> dict[str, int]:
        """GPU time of each job that has used any, over all its attempts."""
        wanted = set(job_ids)
        totals: dict[str, int] = {}
        with self._state.lock:
            for job_id, use in self._state.usage:
                if job_id in wanted:
                    totals[job_id] = totals.get(job_id, 0) + use.gpu_milliseconds
        return totals

    def events(
        self, after: int, limit: int, job_id: str | None = None, firms: tuple[str, ...] | None = None
    ) -> Sequence[StoredEvent]:
        """Oldest first, from the one after `after`."""
        with self._state.lock:
            # No number is left out: the one after `after` stands so many places behind the first one that is kept.
            later = islice(self._state.events, max(after - self._state.events_forgotten, 0), None)
            found = (
                stored
                for stored in later
                if (job_id is None or stored.event.job_id == job_id)
                and (firms is None or stored.event.firm in firms)
            )
            return tuple(islice(found, limit))

    def oldest_event(self) -> int:
        """The number of the oldest event that is kept; 0 when none is."""
        with self._state.lock:
            return self._state.events[0].seq if self._state.events else 0

    def forget_events(self, before: Instant, limit: int) -> int:
        """Remove the oldest events, those from before an instant, at most so many; how many. The newest one stays."""
        with self._state.lock:
            oldest = islice(self._state.events[:-1], limit)
            past = sum(1 for _ in takewhile(lambda stored: stored.event.at < before, oldest))
            del self._state.events[:past]
            self._state.events_forgotten += past
            return past

    def token(self, sha256: str) -> TokenRow | None:
        """The token with this hash, also one that is revoked or has expired."""
        return next((token for token in self.tokens() if token.sha256 == sha256), None)

    def tokens(self) -> Sequence[TokenRow]:
        """All tokens, oldest first."""
        with self._state.lock:
            return tuple(sorted(self._state.tokens.values(), key=lambda token: (token.created_at, token.id)))

    def add_token(self, token: TokenRow) -> None:
        """Keep a new one. Raises `StaleRow` when its id or its hash is known."""
        with self._state.lock:
            if token.id in self._state.tokens or self.token(token.sha256) is not None:
                raise StaleRow(f"the token {token.id}, or its hash, is known already")
            self._state.tokens[token.id] = token

    def revoke_token(self, token_id: str, now: Instant) -> bool:
        """Whether there was such a token in force."""
        with self._state.lock:
            token = self._state.tokens.get(token_id)
            if token is None or token.revoked_at is not None:
                return False
            if token.expires_at is not None and token.expires_at <= now:
                return False
            self._state.tokens[token_id] = replace(token, revoked_at=now)
            return True

    def counts(self) -> dict[str, int]:
        """Jobs by phase, and events."""
        counts = dict.fromkeys((f"jobs_{phase}" for phase in PHASES), 0)
        with self._state.lock:
            for job in self._state.jobs.values():
                counts[f"jobs_{phase_name(job.phase)}"] += 1
            return counts | {"events": self._state.newest_seq}


def _age(job: Job) -> tuple[Instant, str]:
    return (job.submitted_at, job.id)


def _passes(job: Job, which: JobFilter) -> bool:
    spec = job.spec
    return (
        (which.firms is None or spec.firm in which.firms)
        and (which.project is None or spec.project == which.project)
        and (which.phase is None or phase_name(job.phase) == which.phase)
        and (which.name is None or spec.name == which.name)
    )
