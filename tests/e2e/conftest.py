"""One pool for all journeys: a centre, two nodes with two simulated GPUs each, a park where nothing starts, two firms."""

import shutil
import tempfile
import time
from pathlib import Path

import pytest
from bostan.api import ClassQuota, Firm, NewPark, QuotaDocument, QuotaNode
from land import Land

from benchmarks.pool import FIRM, PARK, YEAR_MS

GPU_CLASS = "t4-16g"
TWO_GPUS = ("--simulate", "2xT4-16GB")
# A node that is cut off is noticed in seconds, so that nobody has to wait for minutes.
SETTINGS = {
    "BOSTAN_CENTRE_HEARTBEAT_SECONDS": "0.5",
    "BOSTAN_CENTRE_SILENCE_SECONDS": "8",
    "BOSTAN_CENTRE_TICK_SECONDS": "0.2",
}


def quotas(**guaranteed: int) -> QuotaDocument:
    """A tree of one root and a leaf for each firm, which may hold so many GPUs and borrow none."""
    now = time.time_ns() // 1_000_000
    window = {"from_at": now - YEAR_MS, "until_at": now + YEAR_MS}
    root = QuotaNode(id="pool", gpus={GPU_CLASS: ClassQuota(guaranteed=sum(guaranteed.values()))}, **window)
    leaves = [
        QuotaNode(
            id=firm,
            parent="pool",
            firm=firm,
            gpus={GPU_CLASS: ClassQuota(guaranteed=gpus, borrow_limit=0)},
            **window,
        )
        for firm, gpus in guaranteed.items()
    ]
    parks = (NewPark(id=PARK), NewPark(id="elsewhere"))
    return QuotaDocument(
        parks=parks, firms=tuple(Firm(id=firm) for firm in guaranteed), quotas=(root, *leaves)
    )


def new_land() -> Land:
    """Its folder is short: it holds sockets."""
    return Land(Path(tempfile.mkdtemp(prefix="bostan-e2e-")))


def put_away(made: Land) -> None:
    """Whatever happened, nothing stays."""
    made.kill_all()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def land(whole_land):
    """The pool, once its nodes have come back from whatever the story before did to them."""
    whole_land.await_nodes(2)
    return whole_land


@pytest.fixture(scope="session")
def whole_land():
    made = new_land()
    try:
        made.start_centre(**SETTINGS)
        made.open(quotas(**{FIRM: 4, "other": 1}))
        for name in ("n1", "n2"):
            made.join(name, *TWO_GPUS)
        made.join("asleep", *TWO_GPUS, park="elsewhere")
        made.await_nodes(3)
        with made.client(made.admin) as client:
            client.drain("elsewhere/asleep")
        yield made
    finally:
        put_away(made)


@pytest.fixture(scope="module")
def own_land():
    """A pool of its own, not started: for stories that end it."""
    made = new_land()
    yield made
    put_away(made)


@pytest.fixture(scope="session")
def settings():
    return SETTINGS


@pytest.fixture(scope="session")
def two_gpus():
    return TWO_GPUS


@pytest.fixture(scope="session")
def quota_document():
    return quotas
