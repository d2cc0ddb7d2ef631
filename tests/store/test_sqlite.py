"""What the store in a file owes to its file: it survives kills, serves many processes and threads, and has limits."""

import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import store_program
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.ports import Commit, JobFilter, StoreError
from bostan_scheduler.store import Durability, StoreSettings, open_store
from bostan_scheduler.store.engine import reading_engine, writing_engine
from bostan_scheduler.store.errors import CannotKeep, Damaged
from sqlalchemy.exc import OperationalError
from store_story import NOW, attempt, job, receipt, tell, token, use


def start(what, url):
    """A process that uses the store by itself."""
    program = Path(__file__).parent / "program.py"
    command = [sys.executable, str(program), what, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_by_halves(url):
    writer = start("write", url)
    heard = [writer.stdout.readline() for _ in range(10)]
    writer.send_signal(signal.SIGKILL)
    heard += writer.stdout.readlines()
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    acknowledged = int(heard[-1])
    store = open_store(url)
    kept = len(store.events(0, 10_000))
    assert acknowledged <= kept <= acknowledged + 1
    assert store.counts()["jobs_queued"] == kept * store_program.JOBS
    epoch = store.lead("the next", NOW)
    assert len(store.load(epoch, Settings(), NOW).jobs) == kept * store_program.JOBS
    assert store.commit(store_program.commit(epoch, kept + 1)) == kept + 1
    store.close()


def test_two_processes_read_while_one_writes(sqlite, url):
    readers = [start("read", url), start("read", url)]
    assert [reader.stdout.readline() for reader in readers] == ["ready\n", "ready\n"]
    epoch = sqlite.lead("a", NOW)
    for number in range(1, store_program.COMMITS + 1):
        sqlite.commit(store_program.commit(epoch, number))
    said = [reader.communicate(timeout=30)[0] for reader in readers]
    assert [(reader.returncode, text) for reader, text in zip(readers, said, strict=True)] == [(0, "")] * 2


def test_more_threads_than_connections_wait_for_one_another(url):
    store = open_store(url, StoreSettings(read_connections_max=2))
    epoch = store.lead("a", NOW)
    with ThreadPoolExecutor(8) as pool:
        tokens = [pool.submit(store.add_token, token(f"t{n}", f"hash-{n}")) for n in range(20)]
        reads = [pool.submit(store.jobs, JobFilter(), None, 10) for _ in range(100)]
        for number in range(20):
            store.commit(Commit(epoch, NOW, jobs=(job(f"j{number}"),)))
        assert [done.result() for done in tokens] == [None] * 20
        assert all(len(done.result()) <= 10 for done in reads)
    assert (len(store.tokens()), store.counts()["jobs_queued"]) == (20, 20)
    store.close()


def test_a_writer_waits_for_another_no_longer_than_it_may(path, url):
    store = open_store(url, StoreSettings(busy_timeout_seconds=0.05))
    epoch = store.lead("a", NOW)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        store.commit(Commit(epoch, NOW, jobs=(job(),)))
    assert store.job("j1") is None
    other.execute("ROLLBACK")
    other.close()
    store.commit(Commit(epoch, NOW, jobs=(job(),)))
    assert store.job("j1") == job()
    store.close()


@pytest.mark.parametrize(("days", "remembered"), [(1, False), (2, True)])
def test_how_long_answers_are_remembered_is_a_setting(url, days, remembered):
    store = open_store(url, StoreSettings(receipt_days=days))
    tell(store)
    later = NOW + 90_000_000
    store.commit(Commit(1, later, receipts=(receipt("later", later),)))
    assert (store.receipts([("ada", "k1")]).get(("ada", "k1")) is not None) is remembered
    store.close()


@pytest.mark.parametrize(("durability", "level"), [(Durability.FULL, 2), (Durability.NORMAL, 1)])
def test_how_durable_a_commit_is_is_a_setting(path, durability, level):
    engine = writing_engine(path, StoreSettings(durability=durability))
    with engine.connect() as connection:
        wanted = {"synchronous": level, "journal_mode": "wal", "foreign_keys": 1}
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted} == wanted
    engine.dispose()


def test_a_commit_survives_a_power_cut_unless_told_otherwise():
    assert StoreSettings().durability is Durability.FULL


def test_a_reading_connection_cannot_write(path):
    engine = reading_engine(path, StoreSettings())
    with pytest.raises(OperationalError, match="readonly"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    engine.dispose()


def test_a_new_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "new.db"
    store = open_store(f"sqlite:///{path}", migrate=True)
    store.lead("a", NOW)
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm"), 0o600)
    store.close()


def test_what_a_store_held_is_there_when_it_is_opened_again(url):
    first = open_store(url)
    tell(first)
    before = first.load(first.lead("a", NOW), Settings(), NOW)
    first.close()
    again = open_store(url)
    assert again.lead("b", NOW) == 3
    after = again.load(3, Settings(), NOW)
    assert (after.jobs, after.attempts, after.nodes) == (before.jobs, before.attempts, before.nodes)
    assert (after.quota, after.parks, after.journals) == (before.quota, before.parks, before.journals)
    again.close()


def test_a_text_that_cannot_be_stored_is_refused_and_the_store_goes_on(sqlite):
    epoch = sqlite.lead("a", NOW)
    with pytest.raises(CannotKeep):
        sqlite.commit(Commit(epoch, NOW, jobs=(job("j\ud800"),)))
    with pytest.raises(CannotKeep):
        sqlite.commit(Commit(epoch, NOW, (job(),), (attempt(),), usage=(use(firm="half \ud800"),)))
    assert sqlite.counts()["jobs_queued"] == 0
    sqlite.commit(Commit(epoch, NOW, jobs=(job(),)))


def test_a_row_that_somebody_has_spoilt_is_named(sqlite, path):
    epoch = sqlite.lead("a", NOW)
    sqlite.commit(Commit(epoch, NOW, jobs=(job(),)))
    with sqlite3.connect(path) as other:
        other.execute("UPDATE jobs SET body = '{}'")
    other.close()
    with pytest.raises(Damaged, match="a stored Job cannot be read"):
        sqlite.job("j1")
