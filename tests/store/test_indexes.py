"""No question reads a whole table, however much history there is: each begins at an index."""

import sqlite3

import pytest
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.ports import JobFilter
from sqlalchemy import Engine, event
from store_story import NOW

# Read whole on purpose: small tables, and the one index that holds only attempts that hold GPUs.
QUOTA_FILES = ("firms", "parks", "device_classes", "quota_nodes", "class_facts", "local_reserves")
WINDOWS = ("file_windows", "announced_windows")
READ_WHOLE = ("leadership", "nodes", "journals", *QUOTA_FILES, *WINDOWS)
SMALL = ("ix_attempts_holding", *(f"sqlite_autoindex_{name}_1" for name in READ_WHOLE), *READ_WHOLE)

# A constant, and the parts of one row's JSON.
NO_TABLES = ("CONSTANT ROW", "CONSTANT ROWS", "VIRTUAL TABLE INDEX 3:")

QUESTIONS = {
    "all jobs": lambda store: store.jobs(JobFilter(), (NOW, "j1"), 10),
    "a firm's jobs": lambda store: store.jobs(JobFilter(firms=("negar",)), (NOW, "j1"), 10),
    "queued jobs": lambda store: store.jobs(JobFilter(phase="queued"), None, 10),
    "a firm's queued jobs": lambda store: store.jobs(JobFilter(("negar",), phase="queued"), None, 10),
    "jobs of a name": lambda store: store.jobs(JobFilter(name="train"), None, 10),
    "newest attempts": lambda store: store.newest_attempts(["j1"]),
    "needed archives": lambda store: store.needed_archives(),
    "active attempts": lambda store: store.active_attempts(),
    "events of a job": lambda store: store.events(0, 10, job_id="j1"),
    "events of a firm": lambda store: store.events(0, 10, firms=("negar",)),
    "the oldest event": lambda store: store.oldest_event(),
    "events to forget": lambda store: store.forget_events(NOW, 10),
    "a firm's usage": lambda store: store.usage(("negar",), NOW, NOW + 1),
    "all usage": lambda store: store.usage(None, NOW, NOW + 1),
    "a job's GPU time": lambda store: store.job_gpu_milliseconds(["j1"]),
    "a token": lambda store: store.token("hash"),
    "an answer": lambda store: store.receipts([("ada", "k1"), ("bob", "k2")]),
    "what a new leader loads": lambda store: store.load(1, Settings(), NOW),
}


@pytest.fixture
def asked():
    """What SQLite is asked from now on: statements with their parameters."""
    found = []

    def note(connection, cursor, statement, parameters, context, many):
        found.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_question_reads_a_table_from_end_to_end(sqlite, path, asked, ask):
    sqlite.lead("a", NOW)
    asked.clear()
    ask(sqlite)
    plan = [step for statement, parameters in asked for step in plan_of(path, statement, parameters)]
    assert plan
    scans = [
        step
        for step in plan
        if step.startswith("SCAN") and step != "SCAN wanted" and not step.endswith(NO_TABLES)
    ]
    assert [step for step in scans if not step.endswith(SMALL)] == []
    assert [step for step in plan if "ORDER BY" in step] == []


def plan_of(path, statement, parameters):
    """How SQLite goes about a question."""
    connection = sqlite3.connect(path)
    try:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [step[3] for step in steps] if statement.startswith("SELECT") else []
    finally:
        connection.close()
