"""The processes of the demo: a centre and agents, each started as an operator would, and all ended at the end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from bostan import Client

BIN = Path(sys.executable).parent


class CommandFailed(Exception):
    """A command of the demo ended with an error."""


@dataclass
class Agent:
    """One node's agent: its park, its name, what it simulates, its own state folder and its process."""

    park: str
    name: str
    token: str
    simulate: str | None
    state: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def node_id(self) -> str:
        """The node's id at the centre."""
        return f"{self.park}/{self.name}"


@dataclass
class Pool:
    """A folder, a centre and its agents. `environment` marks every process, so that the end can be verified."""

    folder: Path
    agents: list[Agent] = field(default_factory=list)
    centre: subprocess.Popen[bytes] | None = None
    address: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: f"demo-{os.getpid()}-{time.time_ns()}")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process of the demo. The user's own settings stay out of it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOSTAN_", "RAY_"))}
        path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**kept, "PATH": path, "BOSTAN_DEMO": self.mark, "HOME": str(self.folder), "COLUMNS": "100"}

    def start_centre(self) -> None:
        """Start `bostan-scheduler serve` on free ports."""
        command = ["bostan-scheduler", "serve", "--data-dir", str(self.folder / "centre")]
        ports = ["--listen", "127.0.0.1:0", "--agents-listen", "127.0.0.1:0"]
        self.centre = self._spawn([*command, *ports], "centre.log")

    def centre_ready(self) -> bool:
        """Whether the centre has said where it is. Raises `CommandFailed` when it has ended."""
        assert self.centre is not None
        if self.centre.poll() is not None:
            raise CommandFailed(f"the centre has ended:\n{self.log('centre.log')}")
        path = self.folder / "centre" / "centre.json"
        if path.exists():
            self.address = json.loads(path.read_text())
        return bool(self.address)

    def admin_token(self) -> str:
        """Make an administrator's token on the centre's machine."""
        made = ["bostan-scheduler", "token", "create", "--role", "admin", "--name", "demo-admin"]
        return self.output([*made, "--data-dir", str(self.folder / "centre")]).strip()

    def start_agent(self, agent: Agent) -> None:
        """Start `bostan-agent run`, or start it again on the same state folder."""
        command = ["bostan-agent", "run", "--centre", self.address["agents"], "--park", agent.park]
        named = ["--node-name", agent.name, "--state-dir", str(agent.state)]
        simulate = ["--simulate", agent.simulate] if agent.simulate else []
        agent.process = self._spawn(
            [*command, *named, *simulate], f"{agent.name}.log", BOSTAN_TOKEN=agent.token
        )

    def bostan(self, token: str, *words: str, check: bool = True) -> str:
        """Run the user's command line and give its output."""
        return self.output(["bostan", *words], check, BOSTAN_URL=self.address["url"], BOSTAN_TOKEN=token)

    def client(self, token: str) -> Client:
        """The SDK, for the many small looks that would each cost a process as commands."""
        if token not in self._clients:
            self._clients[token] = Client(self.address["url"], token)
        return self._clients[token]

    def json(self, token: str, *words: str) -> Any:
        """Run the user's command line and read its JSON."""
        return json.loads(self.bostan(token, *words, "-o", "json"))

    def output(self, command: list[str], check: bool = True, **environment: str) -> str:
        """Run a command to its end. Raises `CommandFailed` with what it said when it fails."""
        done = subprocess.run(
            command,
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check and done.returncode != 0:
            raise CommandFailed(
                f"{' '.join(command[:4])}: exit code {done.returncode}\n{done.stderr.strip()}"
            )
        return done.stdout

    def log(self, name: str) -> str:
        """The end of a process's log."""
        path = self.folder / name
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _spawn(self, command: list[str], log: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as handle:
            return subprocess.Popen(
                command,
                env={**self.environment, **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
            )

    def processes(self) -> list[psutil.Process]:
        """Every process of the demo, whoever its parent is by now."""
        return [one for one in psutil.process_iter() if _belongs(one, self.mark, str(self.folder))]

    def stop(self) -> list[psutil.Process]:
        """End everything in order: agents, then the centre. What is left after that."""
        for agent in self.agents:
            _terminate(agent.process)
        _terminate(self.centre)
        _wait([agent.process for agent in self.agents] + [self.centre])
        return until_gone(self.processes)

    def kill_leftovers(self) -> None:
        """Whatever happened, nothing stays."""
        for process in self.processes():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


def _belongs(process: psutil.Process, mark: str, folder: str) -> bool:
    """It carries the mark; or, as ranks and their shims, which inherit nothing, it works in the folder."""
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get("BOSTAN_DEMO") == mark or _works_in(process, folder)
    except (psutil.Error, OSError):
        return False


def _works_in(process: psutil.Process, folder: str) -> bool:
    if process.cwd().startswith(folder):
        return True
    links = Path(f"/proc/{process.pid}/fd").iterdir()
    return any(str(link.readlink()).startswith(folder) for link in links)


def _terminate(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGTERM)


def _wait(processes: list[subprocess.Popen[bytes] | None]) -> None:
    for process in processes:
        if process is not None:
            process.wait(timeout=30)


def until_gone(look: Callable[[], list[psutil.Process]], seconds: float = 10.0) -> list[psutil.Process]:
    """Look until nothing is left; what is left when the time is up."""
    deadline = time.monotonic() + seconds
    while (left := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
