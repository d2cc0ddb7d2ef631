"""A runtime on a folder of its own, the specs for it, and an agent that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from bostan_agent.runtime import folders
from bostan_agent.runtime.port import Exited, RankEvent
from bostan_agent.runtime.process import ProcessRuntime, ProcessSettings
from bostan_agent.shim import processes
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.spec import RankKey, RankSpec

SECONDS_MAX = 20.0

# An agent as short as it can be: starts the specs it is given by file, says so, and lives until it is killed.
AGENT = """
import asyncio, sys
from pathlib import Path
from bostan_agent.runtime.port import Started
from bostan_agent.runtime.process import ProcessRuntime, ProcessSettings
from bostan_agent.shim.spec import RankKey, RankSpec

async def live(ranks_dir, specs):
    runtime = ProcessRuntime(ProcessSettings(Path(ranks_dir)))
    for path in specs:
        await runtime.start(RankSpec.from_json(Path(path).read_bytes()))
    while specs:
        if isinstance(await runtime.next_event(), Started):
            specs.pop()
    print("all started", flush=True)
    await asyncio.sleep(1000)

asyncio.run(live(sys.argv[1], sys.argv[2:]))
"""


class Node:
    """A node of the test: a folder of ranks, and the runtimes that come and go on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ranks_dir = folder / "ranks"
        self._runtimes: list[ProcessRuntime] = []
        self._agents: list[subprocess.Popen] = []
        self._made = 0

    def runtime(self, **settings) -> ProcessRuntime:
        """A runtime that is let go of at the end of the test."""
        self._runtimes.append(ProcessRuntime(ProcessSettings(self.ranks_dir, **settings)))
        return self._runtimes[-1]

    def shell(self, source: str, **fields) -> RankSpec:
        """The spec of a rank that runs shell `source`."""
        return self.spec(["sh", "-c", source], **fields)

    def spec(self, argv: list[str], lease_seconds: float = 3600, **fields) -> RankSpec:
        """A spec with this node's defaults."""
        self._made += 1
        fields = {"attempt_id": f"try{self._made}", "job_id": "job", "rank": 0, "cwd": "/"} | fields
        mark = f"{self.ranks_dir}/{fields['attempt_id']}.{fields['rank']}/sock"
        env = {"PATH": os.environ["PATH"], "BOSTAN_SHIM_SOCKET": mark}
        deadline = boottime_ns() + round(lease_seconds * NS)
        return RankSpec(argv=tuple(argv), env=env, lease_deadline_boottime_ns=deadline, **fields)

    def agent(self, *specs: RankSpec) -> subprocess.Popen:
        """An agent in a process group of its own, with these ranks started."""
        paths = [self.folder / f"{spec.key.folder_name}.spec" for spec in specs]
        for path, spec in zip(paths, specs, strict=True):
            path.write_text(spec.to_json())
        command = [sys.executable, "-c", AGENT, str(self.ranks_dir), *map(str, paths)]
        agent = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        self._agents.append(agent)
        assert agent.stdout.readline() == b"all started\n"
        return agent

    def kill(self, agent: subprocess.Popen) -> None:
        """SIGKILL the agent's whole process group, and its launcher too."""
        for pid in processes.descendants(agent.pid):
            if processes.facts(pid) and b"zygote" in Path(f"/proc/{pid}/comm").read_bytes():
                os.kill(pid, signal.SIGKILL)
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait()
        agent.stdout.close()

    def crew(self, spec: RankSpec) -> list[int]:
        """The living processes of a rank, found by their environment."""
        return processes.with_environment(f"BOSTAN_SHIM_SOCKET={spec.env['BOSTAN_SHIM_SOCKET']}")

    def state(self, spec: RankSpec):
        """Who runs a rank."""
        return folders.state_of(self.ranks_dir / spec.key.folder_name)

    async def close(self) -> None:
        """End everything that was started here."""
        for runtime in self._runtimes:
            await runtime.close()
        for agent in self._agents:
            if agent.poll() is None:
                self.kill(agent)
        for folder in self.ranks_dir.glob("*.*"):
            # Whoever holds the lock is on its way to its state; whoever does not finds an end on record.
            key = RankKey.of_folder_name(folder.name)
            await until(lambda key=key, folder=folder: settled(key, folder), "start or end of the rank")
            state = folders.state_of(folder)
            if state is not None:
                processes.kill_exactly(state.shim_pid, state.shim_ticks)
                processes.kill_exactly(state.main_pid, state.main_ticks)
            if state is not None and state.cgroup is not None:
                Cgroup(state.cgroup).kill()
                await until(Cgroup(state.cgroup).remove, "removal of the cgroup")
            processes.send(processes.with_environment(f"BOSTAN_SHIM_SOCKET={folder}/sock"), signal.SIGKILL)


def settled(key: RankKey, folder: Path) -> bool:
    return folders.has_started(folder) or folders.settle(key, folder, SECONDS_MAX) is not None


async def until(condition: Callable[[], object], what: str = "condition") -> object:
    """The first true value of `condition`, looked at until the deadline."""
    give_up_at = time.monotonic() + SECONDS_MAX
    while not (value := condition()):
        assert time.monotonic() < give_up_at, f"{what} did not come true within {SECONDS_MAX} s"
        await asyncio.sleep(0.005)
    return value


async def story(runtime: ProcessRuntime) -> list[RankEvent]:
    """The events of one rank, to its exit."""
    events: list[RankEvent] = []
    async with asyncio.timeout(SECONDS_MAX):
        while not (events and isinstance(events[-1], Exited)):
            events.append(await runtime.next_event())
    return events


async def event(runtime: ProcessRuntime, kind: type[RankEvent]) -> RankEvent:
    """The next event of this kind."""
    async with asyncio.timeout(SECONDS_MAX):
        while not isinstance(heard := await runtime.next_event(), kind):
            pass
    return heard


@pytest.fixture
async def node(tmp_path: Path):
    """A node; nothing of it runs afterwards."""
    made = Node(tmp_path)
    yield made
    with suppress(FileNotFoundError):
        await made.close()


@pytest.fixture
def tools():
    """What stories are told with: `until`, `story`, `event`."""
    return type(
        "Tools",
        (),
        {"until": staticmethod(until), "story": staticmethod(story), "event": staticmethod(event)},
    )
