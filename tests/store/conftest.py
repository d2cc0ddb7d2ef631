"""The stores that the contract is held against, each new and empty."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from bostan_scheduler.store import open_store

HERE = Path(__file__).parent


def beside(name):
    """Load a module of this folder under its own name, so that the tests can import it."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name.removeprefix('store_')}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


beside("store_story")
beside("store_program")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database of the newest version with nothing in it; copying it takes less time than migrating."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{path}", migrate=True).close()
    return path


@pytest.fixture
def path(empty_database, tmp_path):
    """The file of a new store."""
    return Path(shutil.copy(empty_database, tmp_path / "centre.db"))


@pytest.fixture
def url(path):
    """The URL of a new store on SQLite."""
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite(url):
    """A new store on SQLite."""
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request):
    """A new store of each kind: what is asked of this one, every store must do."""
    if request.param == "memory":
        return open_store("memory:")
    return request.getfixturevalue("sqlite")
