"""The rows that a step has changed, as its draft has them."""

from collections.abc import Mapping

from bostan_scheduler.core.draft import Draft, attempt_id
from bostan_scheduler.decisions.tables import Row, Rows


def changed_rows(draft: Draft) -> Rows:
    """Every row that was changed so far; a finished job is gone, and its attempts with it."""
    tables: tuple[tuple[str, Mapping[str, Row], Mapping[str, Row]], ...] = (
        ("jobs", draft.changed_jobs, draft.jobs),
        ("attempts", draft.changed_attempts, draft.attempts),
        ("nodes", draft.changed_nodes, draft.nodes),
    )
    rows: Rows = {
        (table, row_id): all_rows.get(row_id) for table, changed, all_rows in tables for row_id in changed
    }
    gone = (job for job in draft.changed_jobs.values() if job.id not in draft.jobs)
    rows.update(
        (("attempts", attempt_id(job.id, number)), None)
        for job in gone
        for number in range(1, job.attempts + 1)
    )
    return rows
