"""How the tests are dealt out to workers: those that start Ray to one, first; any other file stays together."""

from collections.abc import Iterator

import pytest
import structlog
from xdist.scheduler import LoadFileScheduling

# A centre or a Ray cluster is started once for all of these, not once a worker.
WITH_RAY = ("tests/cluster/", "tests/e2e/")


class Dealer(LoadFileScheduling):
    """Deals out whole files, and the files of WITH_RAY as one."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What a test shares a worker with."""
    return "ray" if nodeid.startswith(WITH_RAY) else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Dealer:
    """Deal so whatever `--dist` says."""
    return Dealer(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and refuse a test that would start a Ray of its own beside it."""
    items.sort(key=lambda item: group_of(item.nodeid) != "ray")
    for item in items:
        if item.get_closest_marker("ray") and group_of(item.nodeid) != "ray":
            raise pytest.UsageError(
                f"{item.nodeid} starts Ray, so it belongs under one of {', '.join(WITH_RAY)}"
            )


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command under test that sets the logs up writes to a stream that is closed when its test is over."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
