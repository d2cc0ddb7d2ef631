"""From a URL to a store: what is refused, and that each refusal says what to do."""

import pytest
from bostan_scheduler.store import open_store
from bostan_scheduler.store.errors import CannotOpen
from bostan_scheduler.store.memory import MemoryStore
from bostan_scheduler.store.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bostan:secret@db/bostan", "PostgreSQL is not supported yet"),
        ("postgresql+psycopg://db/bostan", "PostgreSQL is not supported yet"),
        ("mysql://root:secret@db/bostan", r"mysql://root:\*\*\*@db/bostan': no such kind of store"),
        ("sqlite:///centre.db?mode=ro", "no such kind of store"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("centre.db", "not the URL of a store"),
        ("", "not the URL of a store"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url, said):
    with pytest.raises(CannotOpen, match=said) as caught:
        open_store(url, migrate=True)
    assert "sqlite:///PATH" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_each_kind_of_url_gives_its_kind_of_store(url):
    opened = [open_store("memory:"), open_store(url)]
    assert [type(store) for store in opened] == [MemoryStore, SqliteStore]
    for store in opened:
        store.close()


def test_two_stores_in_memory_share_nothing():
    first, second = open_store("memory:"), open_store("memory:")
    assert (first.lead("a", 0), first.lead("a", 0), second.lead("a", 0)) == (1, 2, 1)


def test_a_path_from_where_the_process_runs(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    open_store(f"sqlite:///{path.name}").close()


@pytest.mark.parametrize("migrate", [True, False])
def test_a_folder_that_is_missing(tmp_path, migrate):
    with pytest.raises(CannotOpen, match=r"nowhere/centre\.db: "):
        open_store(f"sqlite:///{tmp_path}/nowhere/centre.db", migrate=migrate)


def test_a_folder_in_the_place_of_the_file(tmp_path):
    with pytest.raises(CannotOpen, match="Is a directory"):
        open_store(f"sqlite:///{tmp_path}", migrate=True)


def test_a_front_makes_no_file(tmp_path):
    with pytest.raises(CannotOpen, match=r"no such store\. Start `bostan-scheduler serve`"):
        open_store(f"sqlite:///{tmp_path}/centre.db")
    assert list(tmp_path.iterdir()) == []
