"""Versions of the tables: every way leads to the same ones, old files open, new and foreign ones are refused."""

import importlib.util
import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.ports import Commit, JobFilter, StoreError
from bostan_scheduler.store import open_store
from bostan_scheduler.store.errors import CannotOpen, SchemaTooNew, SchemaTooOld
from bostan_scheduler.store.schema import MIGRATIONS, NEWEST
from bostan_scheduler.store.settings import StoreSettings
from bostan_scheduler.store.tables import metadata
from sqlalchemy import create_engine
from store_story import (
    HOUR,
    NOW,
    job,
    quotas,
    receipt,
    story_attempts,
    story_jobs,
    story_nodes,
    story_uses,
    token,
    worth,
)

RELEASED = sorted((Path(__file__).parent / "released").glob("*.db"))


def schema_of(path):
    """What every table and index was made of; in which order does not matter."""
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql NOT NULL"
    )
    schema = {name: sorted(part.strip() for part in re.split("[,()]", sql)) for name, sql in found}
    connection.close()
    return schema


def sql(path, *statements):
    """Meddle with a database."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_migrating_an_empty_store_gives_the_tables_that_the_code_asks_for(path, tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)
    made.dispose()
    assert schema_of(path) == schema_of(tmp_path / "made.db")


def test_alembic_sees_no_difference_either(path):
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_version_is_the_last_migration():
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [NEWEST]
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True)


def test_there_is_a_database_of_every_version():
    numbers = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    assert [path.stem for path in RELEASED] == numbers


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_the_story_is_still_read_from_the_database_of_every_release(released, tmp_path, path):
    copy = Path(shutil.copy(released, tmp_path / "released.db"))
    store = open_store(f"sqlite:///{copy}", migrate=True)
    assert schema_of(copy) == schema_of(path)
    assert [store.job(one.id) for one in story_jobs()] == list(story_jobs())
    assert [store.attempt(one.id) for one in story_attempts()] == list(story_attempts())
    assert store.nodes() == story_nodes()
    assert store.quota_tree() == quotas().tree
    assert {park.name for park in store.parks()} == {"North", "پارک جنوب"}
    assert store.firms() == tuple(quotas().firms.values())
    assert store.job_gpu_milliseconds(["done"]) == {"done": 5 * HOUR}
    assert store.receipts([("ada", "k1")])[("ada", "k1")] == receipt(ids=("done", "silent"))
    assert store.token(token().sha256) == token()
    assert [found.event.kind for found in store.events(0, 10)] == ["job-added", "drained"]
    assert [found.attempt_number for found in store.outputs("done")] == [2]
    epoch = store.lead("next", NOW)
    assert epoch == 2
    loaded = store.load(epoch, Settings(), NOW)
    assert loaded.journals["north/n1"].acked_seq == 7
    assert loaded.decayed.of_firm("negar", NOW) == pytest.approx(worth(story_uses()).of_firm("negar", NOW))
    assert store.commit(Commit(epoch, NOW, jobs=(job("new"),))) == 2
    store.close()


def test_the_newest_database_can_be_written_again(tmp_path):
    spec = importlib.util.spec_from_file_location("build_released", RELEASED[0].with_name("build.py"))
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.build(tmp_path / "again.db")
    again, released = contents(tmp_path / "again.db"), contents(RELEASED[-1])
    assert {name: len(rows) for name, rows in again.items()} == {
        name: len(rows) for name, rows in released.items()
    }


def contents(path):
    """Every row of every table."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    connection.close()
    return rows


def test_opening_again_changes_nothing(path, url):
    before = path.read_bytes()
    open_store(url, migrate=True).close()
    assert path.read_bytes() == before


def test_two_leaders_that_start_at_once_migrate_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(url, migrate=True), range(4)))
    assert sorted(store.lead("a", NOW) for store in stores) == [1, 2, 3, 4]
    for store in stores:
        store.close()


def test_a_new_store_that_another_holds_is_waited_for_no_longer_than_is_set(tmp_path):
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="database is locked"):
            open_store(f"sqlite:///{path}", StoreSettings(busy_timeout_seconds=0.05), migrate=True)


@pytest.mark.parametrize("migrate", [True, False])
def test_a_store_of_a_newer_release_is_refused_untouched(path, url, migrate):
    sql(path, "UPDATE alembic_version SET version_num = '0999'", "ALTER TABLE jobs ADD COLUMN mood TEXT")
    before = contents(path)
    with pytest.raises(SchemaTooNew, match=r"version 0999, written by a newer release; .* up to"):
        open_store(url, migrate=migrate)
    assert contents(path) == before


def test_a_store_that_nobody_has_migrated_is_refused_by_fronts(tmp_path):
    (tmp_path / "empty.db").touch()
    with pytest.raises(
        SchemaTooOld, match=f"of version none, this release needs {NEWEST}: start `bostan-scheduler"
    ):
        open_store(f"sqlite:///{tmp_path / 'empty.db'}")


@pytest.mark.parametrize("migrate", [True, False])
def test_the_database_of_something_else_is_refused_untouched(tmp_path, migrate):
    path = tmp_path / "photos.db"
    sql(path, "CREATE TABLE photos (id INTEGER)")
    with pytest.raises(CannotOpen, match="something else: its tables are photos"):
        open_store(f"sqlite:///{path}", migrate=migrate)
    assert contents(path) == {"photos": []}


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread, GPUs\n" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(f"sqlite:///{path}", migrate=True)
    assert path.read_text().startswith("milk")


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "new.db"
    monkeypatch.setattr("alembic.command.upgrade", fail_halfway)
    with pytest.raises(StoreError, match="disk I/O"):
        open_store(f"sqlite:///{path}", migrate=True)
    assert contents(path) == {}
    monkeypatch.undo()
    store = open_store(f"sqlite:///{path}", migrate=True)
    assert store.jobs(JobFilter(), None, 1) == ()
    store.close()


def fail_halfway(config, version):
    """Make one table, then find the disk broken."""
    from sqlalchemy.exc import OperationalError

    connection = config.attributes["connection"]
    connection.exec_driver_sql("CREATE TABLE jobs (id TEXT)")
    raise OperationalError("CREATE TABLE", {}, sqlite3.OperationalError("disk I/O error"))
