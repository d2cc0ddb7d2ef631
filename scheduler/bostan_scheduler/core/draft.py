"""A snapshot while one step changes it: copied once, updated in place, and never seen again afterwards."""

from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import JournalPosition, Node
from bostan_scheduler.core.snapshot import Snapshot

Row = TypeVar("Row", Job, Attempt, Node)


@dataclass(slots=True)
class Draft:
    """The rows of a snapshot, and which of them have changed.

    `view` is a snapshot over the draft's own rows: good until the next change. A row's version grows once a
    step, however often it changes, so that a commit replaces exactly the version that was loaded.
    """

    view: Snapshot
    jobs: dict[str, Job]
    attempts: dict[str, Attempt]
    nodes: dict[str, Node]
    heard: dict[str, Instant]
    journals: dict[str, JournalPosition]
    changed_jobs: dict[str, Job] = field(default_factory=dict)
    changed_attempts: dict[str, Attempt] = field(default_factory=dict)
    changed_nodes: dict[str, Node] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot, now: Instant) -> Self:
        """A draft of `snapshot` at `now`."""
        jobs, attempts, nodes = dict(snapshot.jobs), dict(snapshot.attempts), dict(snapshot.nodes)
        heard, journals = dict(snapshot.heard), dict(snapshot.journals)
        view = replace(
            snapshot, now=now, jobs=jobs, attempts=attempts, nodes=nodes, heard=heard, journals=journals
        )
        return cls(view, jobs, attempts, nodes, heard, journals)

    def put_job(self, job: Job) -> None:
        """Write a job."""
        _put(self.jobs, self.changed_jobs, job)

    def put_attempt(self, attempt: Attempt) -> None:
        """Write an attempt."""
        _put(self.attempts, self.changed_attempts, attempt)

    def put_node(self, node: Node) -> None:
        """Write a node."""
        _put(self.nodes, self.changed_nodes, node)

    def put_forgotten(self, attempt: Attempt) -> None:
        """Write an attempt that is not in memory, since its job has finished."""
        assert attempt.job_id not in self.jobs, f"{attempt.id} is in memory"
        version = attempt.version if attempt.id in self.changed_attempts else attempt.version + 1
        self.changed_attempts[attempt.id] = replace(attempt, version=version)

    def forget_job(self, job: Job) -> None:
        """A finished job leaves memory, and its attempts with it; none of them holds anything any more."""
        for attempt in attempts_of(self.view, job):
            assert not attempt.holds, f"{job.id} finishes while {attempt.id} holds GPUs"
            del self.attempts[attempt.id]
        del self.jobs[job.id]


def attempts_of(snapshot: Snapshot, job: Job) -> tuple[Attempt, ...]:
    """A job's attempts that are in memory, oldest first."""
    ids = (attempt_id(job.id, number) for number in range(1, job.attempts + 1))
    return tuple(snapshot.attempts[one] for one in ids if one in snapshot.attempts)


def attempt_id(job_id: str, number: int) -> str:
    """The id of a job's attempt: its number after the job's id."""
    return f"{job_id}.{number}"


def _put(rows: dict[str, Row], changed: dict[str, Row], row: Row) -> None:
    known = rows.get(row.id)
    if row.id not in changed:
        version = known.version + 1 if known is not None else 1
    else:
        version = changed[row.id].version
    if row.version != version:
        row = replace(row, version=version)
    rows[row.id] = changed[row.id] = row
