"""The store in memory, for tests and simulations: the promises of the others, except that it outlives nothing."""

from collections.abc import Sequence
from dataclasses import replace

from bostan_scheduler.core.changes import SetQuotas
from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.service.ports import Commit, Receipt, StoredEvent
from bostan_scheduler.store import past
from bostan_scheduler.store.memory_reader import MemoryReader
from bostan_scheduler.store.memory_state import Leadership, MemoryState
from bostan_scheduler.store.rows import phase_name
from bostan_scheduler.store.settings import DEFAULTS, StoreSettings


class MemoryStore(MemoryReader):
    """A `Writer` and a `Reader` over one state; safe from many threads of one process."""

    def __init__(self, settings: StoreSettings = DEFAULTS) -> None:
        super().__init__(MemoryState())
        self._settings = settings

    def lead(self, holder: str, now: Instant) -> int:
        """Take the leadership from whoever has it; the new epoch, higher than any before."""
        with self._state.lock:
            epoch = self._state.leadership.epoch + 1
            self._state.leadership = Leadership(epoch, holder, now)
            return epoch

    def load(self, epoch: int, settings: Settings, now: Instant) -> Snapshot:
        """What a new leader starts from. Raises `LeadershipLost`."""
        with self._state.lock:
            state = self._state
            state.require_leader(epoch)
            jobs = {job.id: job for job in state.jobs.values() if _unfinished(job)}
            held = (attempt for attempt in state.attempts.values() if attempt.holds or attempt.job_id in jobs)
            counters = (one.fencing.counter for one in state.attempts.values() if one.fencing.epoch == epoch)
            return Snapshot(
                now=now,
                settings=settings,
                epoch=epoch,
                fencing_counter=max(counters, default=0),
                jobs=jobs,
                attempts={attempt.id: attempt for attempt in held},
                nodes=dict(state.nodes),
                heard=dict.fromkeys(state.nodes, now),
                journals=dict(state.journals),
                firms=dict(state.firms),
                parks=dict(state.parks),
                class_of_device=dict(state.class_of_device),
                quota=state.quota,
                classes=self.classes(),
                obstacles=self.windows(),
                reserves=self.reserves(),
                history=past.history_of(state.newest_finished(settings.learnt_jobs_max), settings),
                decayed=state.decayed(settings, now),
            )

    def commit(self, commit: Commit) -> int:
        """Keep it; the highest event `seq` so far. Raises `LeadershipLost`, `StaleRow`, `StoreError`."""
        with self._state.lock:
            oldest_receipt = commit.at - self._settings.receipt_days * DAY_MILLISECONDS
            self._state.require_all(commit, oldest_receipt)
            self._keep_rows(commit)
            self._keep_records(commit)
            self._keep_receipts(commit, oldest_receipt)
            return self._state.newest_seq

    def receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        """The answers given under these keys."""
        with self._state.lock:
            return {key: self._state.receipts[key] for key in keys if key in self._state.receipts}

    def close(self) -> None:
        """There is nothing to give up."""

    def _keep_rows(self, commit: Commit) -> None:
        state = self._state
        state.jobs.update((job.id, job) for job in commit.jobs)
        state.nodes.update((node.id, node) for node in commit.nodes)
        for attempt in commit.attempts:
            state.attempts[attempt.id] = attempt
            state.attempt_ids.setdefault(attempt.job_id, {})[attempt.number] = attempt.id
        state.journals.update((position.node_id, position) for position in commit.journals)
        for window_id in commit.windows_gone:
            state.announced_windows.pop(window_id, None)
        if commit.quotas is not None:
            self._set_quotas(commit.quotas)
        state.announced_windows.update((window.id, window) for window in commit.windows)
        state.parks.update((park.id, park) for park in commit.parks)

    def _set_quotas(self, quotas: SetQuotas) -> None:
        self._state.quota = quotas.tree
        self._state.firms = dict(quotas.firms)
        self._state.class_of_device = dict(quotas.class_of_device)
        self._state.classes = dict(quotas.classes)
        self._state.file_windows = dict(quotas.obstacles)
        self._state.reserves = dict(quotas.reserves)
        self._state.parks.update(quotas.parks)

    def _keep_records(self, commit: Commit) -> None:
        state = self._state
        for use in commit.usage:
            until_at = max(use.from_at, use.until_at)
            job_id = state.attempts[use.attempt_id].job_id
            state.usage.append((job_id, replace(use, until_at=until_at)))
        for kept in commit.outputs:
            key = (kept.job_id, kept.output.rank)
            known = state.outputs.get(key)
            if known is None or known.output.attempt_number <= kept.output.attempt_number:
                state.outputs[key] = kept
        for event in commit.events:
            state.events.append(StoredEvent(state.newest_seq + 1, event))

    def _keep_receipts(self, commit: Commit, oldest: Instant) -> None:
        known = self._state.receipts
        if commit.receipts:
            for key in [key for key, receipt in known.items() if receipt.at < oldest]:
                del known[key]
        known.update(((receipt.asker, receipt.key), receipt) for receipt in commit.receipts)


def _unfinished(job: Job) -> bool:
    return phase_name(job.phase) != "finished"
