"""The fronts' side of the store on SQLite: jobs, attempts, nodes, and what stands in the quota files."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Output
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park
from bostan_scheduler.service.ports import JobFilter
from bostan_scheduler.store import kept_windows, queries, rows, tables
from bostan_scheduler.store.sqlite_reading import SqliteReading, some_at_once

_NEEDED = """
SELECT json_extract(body, '$.spec.work_dir.sha256') AS sha256 FROM jobs
WHERE phase IN ('queued', 'active') AND sha256 IS NOT NULL
UNION SELECT json_extract(one.value, '$.blob.sha256') FROM jobs, json_each(body, '$.checkpoints') AS one
WHERE phase IN ('queued', 'active')
UNION SELECT outputs.sha256 FROM jobs CROSS JOIN outputs ON outputs.job_id = jobs.id
WHERE phase IN ('queued', 'active')
""".strip()

_jobs, _attempts, _nodes = tables.jobs.c, tables.attempts.c, tables.nodes.c


class SqliteReader(SqliteReading):
    """The part of a `Reader` that looks at what is."""

    def job(self, job_id: str) -> Job | None:
        """A job, also one that has long finished."""
        return self._value(Job, select(_jobs.body).where(_jobs.id == job_id))

    def jobs(self, which: JobFilter, before: tuple[Instant, str] | None, limit: int) -> Sequence[Job]:
        """Newest first; `before` is the (submitted_at, id) of the last one seen."""
        statement = _that_pass(select(_jobs.body), which)
        if before is not None:
            submitted_at, job_id = before
            same_instant = and_(_jobs.submitted_at == submitted_at, _jobs.id < job_id)
            older = or_(_jobs.submitted_at < submitted_at, same_instant)
            # The first condition says nothing new, but it is the one that an index can begin at.
            statement = statement.where(_jobs.submitted_at <= submitted_at, older)
        newest_first = statement.order_by(_jobs.submitted_at.desc(), _jobs.id.desc())
        return self._values(Job, newest_first.limit(limit))

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """All attempts of a job, oldest first."""
        statement = select(_attempts.body).where(_attempts.job_id == job_id)
        return self._values(Attempt, statement.order_by(_attempts.number))

    def newest_attempts(self, job_ids: Sequence[str]) -> dict[str, Attempt]:
        """The newest attempt of each job that has one."""
        found = (self._values(Attempt, _newest_of(some)) for some in some_at_once(job_ids))
        return {attempt.job_id: attempt for attempts in found for attempt in attempts}

    def active_attempts(self) -> Sequence[Attempt]:
        """Attempts that hold something, by id."""
        return self._values(Attempt, select(_attempts.body).where(_attempts.holds).order_by(_attempts.id))

    def attempt(self, attempt_id: str) -> Attempt | None:
        """An attempt, also one that has long ended."""
        return self._value(Attempt, select(_attempts.body).where(_attempts.id == attempt_id))

    def outputs(self, job_id: str) -> Sequence[Output]:
        """The newest output of each rank, by rank."""
        table = tables.outputs
        statement = select(table).where(table.c.job_id == job_id).order_by(table.c.rank)
        return tuple(rows.output_of(row) for row in self._rows(statement))

    def needed_archives(self) -> frozenset[str]:
        """The hashes of what unfinished jobs refer to. SQLite looks into their bodies, while other threads go on."""
        with self._looking() as connection:
            return frozenset(connection.exec_driver_sql(_NEEDED).scalars())

    def epoch(self) -> int:
        """The epoch of whoever leads; 0 when nobody ever has."""
        with self._looking() as connection:
            return int(connection.execute(select(tables.leadership.c.epoch)).scalar() or 0)

    def nodes(self, park: str | None = None) -> Sequence[Node]:
        """All nodes, or a park's, by id."""
        statement = select(_nodes.body).order_by(_nodes.id)
        return self._values(Node, statement if park is None else statement.where(_nodes.park == park))

    def node(self, node_id: str) -> Node | None:
        """A node."""
        return self._value(Node, select(_nodes.body).where(_nodes.id == node_id))

    def parks(self) -> Sequence[Park]:
        """All parks, by id."""
        with self._looking() as connection:
            return queries.parks(connection)

    def firms(self) -> Sequence[Firm]:
        """All firms, by id."""
        with self._looking() as connection:
            return queries.firms(connection)

    def quota_tree(self) -> QuotaTree:
        """The whole tree, whether in force or not."""
        with self._looking() as connection:
            return queries.quota_tree(connection)

    def classes(self) -> dict[str, ClassFacts]:
        """The facts of each class that has any."""
        with self._looking() as connection:
            return kept_windows.classes(connection)

    def windows(self) -> dict[str, Announced]:
        """All windows by id: those of the quota files, and those that were announced."""
        with self._looking() as connection:
            return kept_windows.windows(connection)

    def reserves(self) -> dict[str, StandingReserve]:
        """What parks keep for their own tenants, by id."""
        with self._looking() as connection:
            return kept_windows.reserves(connection)

    def class_of_device(self) -> dict[str, str]:
        """The class that the devices of a name count as."""
        with self._looking() as connection:
            return queries.class_of_device(connection)


def _that_pass(statement: Select[Any], which: JobFilter) -> Select[Any]:
    if which.firms is not None:
        statement = statement.where(_jobs.firm.in_(which.firms))
    wanted = {"project": which.project, "phase": which.phase, "name": which.name}
    return statement.filter_by(**{name: value for name, value in wanted.items() if value is not None})


def _newest_of(job_ids: Sequence[str]) -> Select[Any]:
    other = tables.attempts.alias()
    newest = select(func.max(other.c.number)).where(other.c.job_id == _attempts.job_id).scalar_subquery()
    return select(_attempts.body).where(_attempts.job_id.in_(job_ids), _attempts.number == newest)
