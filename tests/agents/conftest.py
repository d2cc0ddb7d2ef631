"""Fixtures for tests of whole agents: a small real centre, and agents that dial it."""

import pytest
import structlog
from agent_runs import AgentHere, AgentProcess, end_ranks
from small_centre import Centre, tar_gz, until


@pytest.fixture
async def centre():
    made = Centre()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def agents(centre, tmp_path):
    """Starts agents, in this process or in one of their own; in the end, ends them and all ranks they left."""
    started = []

    async def start(name="node", *, process=False, wait=True, **settings):
        made = (AgentProcess if process else AgentHere)(centre, tmp_path / name, settings)
        started.append(made)
        centre.stream = None
        await made.start()
        if wait:
            await until(lambda: centre.stream, "a session")
        return made

    yield start
    for made in started:
        await made.end()
        print(made.log())  # noqa: T201  shown where a test fails
        end_ranks(made.state_dir / "ranks")
    structlog.reset_defaults()


@pytest.fixture
def wait_for():
    return until


@pytest.fixture
def packed():
    return tar_gz
