"""A bench for shims: a warm launcher as the agent has it, ranks launched by hand, no agent above them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import bostan_agent
import pytest
from bostan_agent.shim import processes
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.checkpoint import connect
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.records import EXIT, STATE, ExitRecord, State
from bostan_agent.shim.spec import RankSpec

SECONDS_MAX = 20.0
_BOOT = "import sys; sys.path.append(sys.argv[1]); from bostan_agent.shim.zygote import main; main()"


def until(condition: Callable[[], object], what: str = "condition", seconds: float = SECONDS_MAX) -> object:
    """The first true value of `condition`, looked at until the deadline."""
    give_up_at = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < give_up_at, f"{what} did not come true within {seconds} s"
        time.sleep(0.005)
    return value


def alive(pid: int) -> bool:
    """Whether `pid` is there and not merely unburied."""
    known = processes.facts(pid)
    return known is not None and known.state not in "ZX"


class Line:
    """A connection to a shim, spoken in JSON lines."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS_MAX)
        self.connection = connection
        self._file = connection.makefile("rb")

    def records(self) -> Iterator[dict]:
        """What the shim says, until it goes."""
        with suppress(ConnectionResetError):
            for line in self._file:
                yield json.loads(line)

    def ask(self, **request: object) -> dict:
        """The reply to `request`; events that come first are passed over."""
        self.connection.sendall(json.dumps({"id": 1, **request}).encode() + b"\n")
        return next(record for record in self.records() if "reply" in record)

    def event(self, name: str) -> dict:
        """The next event called `name`."""
        return next(record for record in self.records() if record.get("event") == name)

    def close(self) -> None:
        self._file.close()
        self.connection.close()


class Rank:
    """One rank on the bench: its folder, and the line that it was launched with."""

    def __init__(self, folder: Path, launch: Line) -> None:
        self.folder = folder
        self.launch = launch
        self.lines = [launch]

    def line(self) -> Line:
        """Another connection, through the control socket."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connect(connection, str(self.folder / "sock"))
        self.lines.append(Line(connection))
        return self.lines[-1]

    def state(self) -> State:
        """Who runs, once that is on record."""
        until((self.folder / STATE).exists, "state.json")
        return State.of(json.loads((self.folder / STATE).read_bytes()))

    def ended(self) -> ExitRecord:
        """The exit record, once it is there."""
        until((self.folder / EXIT).exists, f"exit record of {self.folder.name}")
        return ExitRecord.of(json.loads((self.folder / EXIT).read_bytes()))

    def is_settled(self) -> bool:
        """Whether its shim has come as far as to be found by its folder."""
        return (self.folder / STATE).exists() or (self.folder / EXIT).exists()

    def log(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("log.*")))

    def prints(self, text: bytes) -> None:
        """Wait until the log holds `text`."""
        until(lambda: text in self.log(), f"{text!r} in the log")

    def crew(self) -> list[int]:
        """The rank's living processes, found by their environment."""
        return processes.with_environment(f"BOSTAN_SHIM_SOCKET={self.folder}/sock")


class Zygote:
    """A warm launcher, as the agent has one."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(bostan_agent.__file__).parent.parent)
        command = [sys.executable, "-I", "-S", "-c", _BOOT, root]
        with theirs:
            self.process = subprocess.Popen(command, stdin=theirs, env={}, start_new_session=True)

    def fork(self, folder: Path) -> socket.socket:
        """Ask for a shim of `folder`; returns our end of its line."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._channel, [os.fsencode(folder)], [theirs.fileno()])
        return ours

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self._channel.close()
        self.process.wait(SECONDS_MAX)


class Bench:
    """Launches ranks below a folder."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self.folder = folder
        self.zygote = zygote
        self.ranks: list[Rank] = []

    def spec(
        self, argv: list[str], lease_seconds: float = 3600, env: dict | None = None, **fields
    ) -> RankSpec:
        """A spec with this bench's defaults."""
        fields = {"attempt_id": f"try{len(self.ranks)}", "job_id": "job", "rank": 0, "cwd": "/"} | fields
        folder = self.folder / f"{fields['attempt_id']}.{fields['rank']}"
        given = {"PATH": os.environ["PATH"], "BOSTAN_SHIM_SOCKET": f"{folder}/sock"} | (env or {})
        deadline = boottime_ns() + round(lease_seconds * NS)
        return RankSpec(argv=tuple(argv), env=given, lease_deadline_boottime_ns=deadline, **fields)

    def python(self, source: str, **fields) -> Rank:
        """Launch a rank that runs Python `source`."""
        return self.launch(self.spec([sys.executable, "-u", "-c", source], **fields))

    def shell(self, source: str, **fields) -> Rank:
        """Launch a rank that runs shell `source`."""
        return self.launch(self.spec(["sh", "-c", source], **fields))

    def launch(self, spec: RankSpec) -> Rank:
        """Launch a rank."""
        folder = self.folder / spec.key.folder_name
        folder.mkdir()
        (folder / "spec.json").write_text(spec.to_json())
        return self.send(folder)

    def send(self, folder: Path) -> Rank:
        """Ask the launcher for a shim of `folder`."""
        self.ranks.append(Rank(folder, Line(self.zygote.fork(folder))))
        return self.ranks[-1]

    def close(self) -> None:
        """End everything that was started here."""
        for rank in self.ranks:
            for line in rank.lines:
                line.close()
            until(lambda rank=rank: rank.is_settled(), "start or end of the rank")
            if (rank.folder / STATE).exists():
                state = rank.state()
                processes.kill_exactly(state.shim_pid, state.shim_ticks)
                until(lambda pid=state.shim_pid: not alive(pid), "end of shim")
                if state.cgroup is not None:
                    cgroup = Cgroup(state.cgroup)
                    cgroup.kill()
                    until(cgroup.remove, "removal of the cgroup")
            processes.send(rank.crew(), signal.SIGKILL)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """A launcher for all ranks of a module."""
    made = Zygote()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path, zygote: Zygote) -> Iterator[Bench]:
    """A bench for one test; nothing of it is left afterwards."""
    yield from set_up(tmp_path / "ranks", zygote)


@pytest.fixture
def lone_bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench whose launcher the test may kill."""
    zygote = Zygote()
    yield from set_up(tmp_path / "ranks", zygote)
    zygote.close()


def set_up(folder: Path, zygote: Zygote) -> Iterator[Bench]:
    made = Bench(folder, zygote)
    made.folder.mkdir()
    yield made
    made.close()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def wait_until() -> Callable[..., object]:
    """Poll a condition with a deadline."""
    return until
