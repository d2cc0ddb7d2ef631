"""Agents as tests run them, in the test's process or in one of their own, and the end of the ranks they leave."""

import asyncio
import contextlib
import io
import json
import os
import signal
import sys

import structlog
import yaml
from bostan_agent import agent
from bostan_agent.settings_sources import load
from bostan_agent.shim import processes
from small_centre import TOKEN


class Agent:
    """What tests do with an agent, however it is run."""

    def __init__(self, centre, state_dir, settings):
        self._centre = centre
        self.state_dir = state_dir
        self._settings = settings

    def settings(self):
        return {
            "centre": f"127.0.0.1:{self._centre.port}",
            "park": "tehran",
            "node_name": self.state_dir.name,
            "state_dir": str(self.state_dir),
            "simulate": "4xH100-80GB-SXM",
            "reconnect_seconds_max": 0.2,
            "refused_retry_seconds": 0.2,
            **self._settings,
        }


class AgentHere(Agent):
    """An agent in the test's own process: starts in a moment, and cannot be killed."""

    async def start(self):
        self._written = io.StringIO()
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(self._written))
        self._stop = asyncio.Event()
        settings = load(self.settings(), {"BOSTAN_TOKEN": TOKEN}, None)
        self._task = asyncio.create_task(self._run(settings))

    async def _run(self, settings):
        with agent.locked(settings.state_dir):
            await agent.run(settings, "1.2.3", self._stop)

    def log(self):
        return self._written.getvalue()

    async def end(self):
        self._stop.set()
        await self._task

    async def kill(self):
        await self.end()


class AgentProcess(Agent):
    """An agent as its users run it."""

    process = None

    @property
    def errors(self):
        return self.state_dir.parent / f"{self.state_dir.name}.log"

    def log(self):
        return self.errors.read_text()

    async def start(self):
        config = self.state_dir.parent / f"{self.state_dir.name}.yaml"
        config.write_text(yaml.safe_dump(self.settings()))
        with self.errors.open("ab") as errors:
            command = (sys.executable, "-m", "bostan_agent.main", "run", "--config", str(config))
            environment = {"BOSTAN_TOKEN": TOKEN, "PATH": os.environ["PATH"]}
            self.process = await asyncio.create_subprocess_exec(*command, stderr=errors, env=environment)

    async def kill(self):
        return await self.end(signal.SIGKILL)

    async def end(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.returncode is None and number:
            self.process.send_signal(number)
        code = await self.process.wait()
        self.process = None
        return code


def end_ranks(folder):
    """Ends shims, and so their ranks, by the pids on record."""
    for state in folder.glob("*/state.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            record = json.loads(state.read_text())
            if not (state.parent / "exit.json").exists():
                for name in ("shim", "main"):
                    processes.kill_exactly(record[f"{name}_pid"], record[f"{name}_ticks"])
