"""A pool on this machine for measurements: a real centre and real agents as processes, all ended at the end."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
from bostan import Client
from bostan.api import ClassQuota, Firm, NewPark, NewToken, QuotaDocument, QuotaNode, Role

BIN = Path(sys.executable).parent
FIRM = "bench"
PARK = "here"
START_SECONDS_MAX = 240.0
YEAR_MS = 365 * 86_400_000

Value = TypeVar("Value")


class DidNotHappen(Exception):
    """What a measurement waited for did not come; the message says what, and holds the centre's log."""


@dataclass
class Pool:
    """A folder, a centre on free ports, its agents, and clients with an administrator's and a member's token."""

    folder: Path
    centre: "subprocess.Popen[bytes] | None" = None
    agents: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    address: dict[str, Any] = field(default_factory=dict)
    admin: str = ""
    member: str = ""
    parks: dict[str, str] = field(default_factory=dict)

    def start_centre(self, **settings: str) -> float:
        """Start `bostan-scheduler serve` with these settings in its environment, or start it again where it was.

        Seconds until it was ready.
        """
        data, host = str(self.folder / "centre"), "127.0.0.1:0"
        rest = self.address.get("url", f"http://{host}").removeprefix("http://")
        ports = ("--listen", rest, "--agents-listen", self.address.get("agents", host))
        began = time.monotonic()
        self.centre = self._spawn(
            "centre", "bostan-scheduler", "serve", "--data-dir", data, *ports, **settings
        )
        self.address = self.until("the centre is ready", self._read_address, START_SECONDS_MAX)
        return time.monotonic() - began

    def open(self, quotas: QuotaDocument) -> None:
        """Make an administrator's and a member's token, apply quotas, and make the parks' tokens."""
        create = ("bostan-scheduler", "token", "create", "--role", "admin", "--name", "bench")
        self.admin = self._output(*create, "--data-dir", str(self.folder / "centre"))
        with self.client(self.admin) as client:
            client.apply_quotas(quotas)
            self.member = client.new_token(NewToken(name="bench", role=Role.MEMBER, firm=FIRM)).secret
            self.parks = {park.id: client.park_token(park.id).secret for park in quotas.parks}

    def start_agent(
        self, name: str, *flags: str, park: str = PARK, **environment: str
    ) -> "subprocess.Popen[bytes]":
        """Start `bostan-agent run` with a state folder of its own."""
        state = str(self.folder / name)
        command = ("bostan-agent", "run", "--centre", self.address["agents"], "--park", park)
        named = ("--node-name", name, "--state-dir", state)
        agent = self._spawn(name, *command, *named, *flags, BOSTAN_TOKEN=self.parks[park], **environment)
        self.agents.append(agent)
        return agent

    def await_nodes(self, count: int) -> None:
        """Wait until so many nodes are ready."""
        with self.client(self.admin) as client:
            self.until(
                f"{count} nodes are ready",
                lambda: sum(node.state == "ready" for node in client.nodes()) >= count,
            )

    def client(self, token: str) -> Client:
        """A client with this token."""
        return Client(self.address["url"], token)

    def until(self, what: str, look: Callable[[], Value | None], seconds: float = 60.0) -> Value:
        """Look until there is something. Raises `DidNotHappen`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.02)
        raise DidNotHappen(f"not within {seconds:.0f} s: {what}\n{self._log('centre')}")

    def stop(self) -> None:
        """End agents, what they run, and the centre."""
        ranks = [child for agent in self.agents for child in _tree(agent.pid)]
        for process in (*self.agents, self.centre):
            if process is not None:
                process.terminate()
                process.wait(timeout=60)
        for rank in (one for one in ranks if one.is_running()):
            rank.kill()

    def _read_address(self) -> dict[str, Any] | None:
        assert self.centre is not None
        if self.centre.poll() is not None:
            raise DidNotHappen(f"the centre has ended\n{self._log('centre')}")
        path = self.folder / "centre" / "centre.json"
        said: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return said if said.get("pid") == self.centre.pid else None

    def _spawn(self, name: str, program: str, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [str(BIN / program), *words],
                env={**_environment(), **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _output(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [str(BIN / program), *words], env=_environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DidNotHappen(f"{program} {words[0]}: {done.stderr}")
        return done.stdout.strip()

    def _log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""


@contextmanager
def pool(agents: int, simulate: str, gpu_class: str, gpus: int) -> Iterator[Pool]:
    """A pool of so many nodes, each with the same simulated GPUs, ready to take jobs."""
    with tempfile.TemporaryDirectory(prefix="bostan-bench-", ignore_cleanup_errors=True) as folder:
        made = Pool(Path(folder))
        try:
            made.start_centre()
            made.open(quotas_for(gpu_class, gpus))
            for number in range(agents):
                made.start_agent(f"n{number}", "--simulate", simulate)
            made.await_nodes(agents)
            yield made
        finally:
            made.stop()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOSTAN_", "RAY_"))}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def quotas_for(gpu_class: str, gpus: int) -> QuotaDocument:
    """One park, and one firm that may hold so many GPUs of a class."""
    now = time.time_ns() // 1_000_000
    amount = {gpu_class: ClassQuota(guaranteed=gpus)}
    root = QuotaNode(id="pool", from_at=now - YEAR_MS, until_at=now + YEAR_MS, gpus=amount)
    leaf = root.model_copy(update={"id": FIRM, "parent": "pool", "firm": FIRM})
    return QuotaDocument(parks=(NewPark(id=PARK),), firms=(Firm(id=FIRM),), quotas=(root, leaf))
