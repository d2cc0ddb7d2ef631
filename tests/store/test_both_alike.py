"""Whatever is asked of them, the store in memory and the one in SQLite say the same."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.job import Active, Finished, Queued
from bostan_scheduler.core.obstacle import Maintenance
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.ports import Commit, JobFilter, LeadershipLost, StoreError
from bostan_scheduler.store import open_store
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_story import HOUR, NOW, attempt, ended, event, job, node, output, quotas, receipt, use

names = st.sampled_from(["a", "b", "ج"])
firms = st.sampled_from(["negar", "tabib"])
few = st.integers(1, 3)
phases = st.sampled_from([Queued(NOW), Active("a.1"), Finished(Succeeded(), NOW)])
instants = st.integers(NOW, NOW + 20)

jobs = st.builds(job, names, firms, instants, few, phases, project=st.sampled_from([None, "vision"]))
open_attempts = st.builds(attempt, names, few, st.just(1), few, st.none(), few)
attempts = open_attempts | open_attempts.map(lambda one: replace(ended(one), version=one.version))
uses = st.builds(
    lambda name, firm, begin, length, gpus: use(f"{name}.1", firm, None, begin, begin + length, gpus),
    names,
    firms,
    instants,
    st.integers(0, 9),
    few,
)
receipts = st.builds(receipt, names, st.sampled_from([NOW, NOW + 300 * HOUR]))


mostly = st.sampled_from([True, True, True, False])
BEGINNING = Commit(
    1,
    NOW,
    jobs=tuple(job(name) for name in ("a", "b", "ج")),
    attempts=tuple(attempt(name, counter=place) for place, name in enumerate(("a", "b", "ج"))),
)

# A failure is found soon; making its story short would take minutes.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)


def some(values):
    """None, one, or two of them."""
    return st.lists(values, max_size=2).map(tuple)


def window(name, by):
    """A maintenance window."""
    return Maintenance(name, "north", (), NOW, NOW + HOUR, announced_by=by)


def with_windows(files):
    """The same quota files with windows that nobody else has announced, or without."""
    return some(names).map(
        lambda ids: replace(files, obstacles={f"file {name}": window(f"file {name}", "") for name in ids})
    )


commits = st.builds(
    Commit,
    epoch=st.sampled_from([1, 1, 1, 2]),
    at=st.sampled_from([NOW, NOW + 200 * HOUR]),
    jobs=some(jobs),
    attempts=some(attempts),
    nodes=some(st.builds(node, names, names, few)),
    quotas=st.none() | st.builds(quotas, firms=some(firms), parks=some(names)).flatmap(with_windows),
    windows=some(st.builds(window, names, st.just("ada"))),
    windows_gone=some(names),
    usage=some(uses),
    outputs=some(st.builds(output, names, st.integers(0, 1), few, names)),
    receipts=some(receipts),
    events=some(st.builds(event, names, names, firms | st.none())),
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # a long story is as good as a short one
@settings(
    max_examples=25, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(commits, mostly), min_size=1, max_size=8), instants, instants)
def test_memory_and_sqlite_agree_on_every_answer(empty_database, story, from_at, until_at):
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(empty_database, Path(folder) / "centre.db")
        memory, sqlite = open_store("memory:"), open_store(f"sqlite:///{path}")
        for store in (memory, sqlite):
            assert store.lead("a", NOW) == 1
            store.commit(BEGINNING)
        for drawn, fitting in story:
            commit = fitted(drawn, memory) if fitting else unfitted(drawn, memory)
            assert said(memory, commit) == said(sqlite, commit)
        assert everything(memory, from_at, until_at) == everything(sqlite, from_at, until_at)
        assert faded(memory) == pytest.approx(faded(sqlite))
        sqlite.close()


def fitted(commit, store):
    """The commit with each row once, at the version that follows the store's."""
    return replace(
        commit,
        jobs=following(commit.jobs, store.job),
        attempts=following(commit.attempts, store.attempt),
        nodes=following(commit.nodes, store.node),
    )


def unfitted(commit, store):
    """The commit with its rows at whatever versions they have; what never changes of a row is as the store has it."""
    return replace(
        commit,
        jobs=tuple(replace(after(store.job(row.id), row), version=row.version) for row in commit.jobs),
        attempts=tuple(
            replace(after(store.attempt(row.id), row), version=row.version) for row in commit.attempts
        ),
        nodes=tuple(replace(after(store.node(row.id), row), version=row.version) for row in commit.nodes),
    )


def following(rows, known):
    """Each row once: a new one as it is, one that is known in its new phase, at the next version."""
    return tuple({row.id: after(known(row.id), row) for row in rows}.values())


def after(found, row):
    """What may follow: only a phase is ever another."""
    if found is None:
        return replace(row, version=1)
    return replace(
        found, version=found.version + 1, **({"phase": row.phase} if hasattr(row, "phase") else {})
    )


def said(store, commit):
    """The answer to a commit, or whether it was refused for its epoch or for its rows."""
    try:
        return store.commit(commit)
    except LeadershipLost:
        return "another leads"
    except StoreError:
        return "refused"


def faded(store):
    """GPU-seconds of each account, faded: SQLite adds them up by hours."""
    worth = store.load(1, Settings(), NOW).decayed.value_at(NOW)
    return {(firm, *account): one for firm, mine in worth.items() for account, one in mine.items() if one}


def everything(store, from_at, until_at):
    """All that a store can be asked, as values that can be compared."""
    snapshot = store.load(1, Settings(), NOW)
    ids = ["a", "b", "ج"]
    filters = (JobFilter(), JobFilter(("negar",)), JobFilter(None, "vision", "queued"))
    return {
        "snapshot": replace(snapshot, decayed=Decayed()),
        "jobs": [list(store.jobs(which, (until_at, "b"), 2)) for which in filters],
        "attempts": [list(store.attempts(name)) for name in ids],
        "newest": store.newest_attempts(ids),
        "active": list(store.active_attempts()),
        "outputs": [list(store.outputs(name)) for name in ids],
        "nodes": [list(store.nodes()), list(store.nodes("ج"))],
        "quotas": [store.quota_tree(), list(store.firms()), list(store.parks()), store.class_of_device()],
        "windows": [store.windows(), store.reserves(), store.classes()],
        "usage": [list(store.usage(firms, from_at, until_at)) for firms in (None, ("negar",))],
        "gpu time": store.job_gpu_milliseconds(ids),
        "receipts": [store.receipts([("ada", name)]).get(("ada", name)) for name in ids],
        "events": list(store.events(1, 3, firms=("negar",))),
        "counts": store.counts(),
    }
