"""Examples run by hand: as plain processes, with folders of their own and somebody who hears of checkpoints."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
SECONDS = 60.0


@dataclass
class Running:
    """A process of an example, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text()

    def until(self, words: str) -> str:
        """The first line that has the words in it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            for line in self.text.splitlines():
                if words in line:
                    return line
            assert not ended, f"ended with {self.process.returncode} before it said {words!r}:\n{self.text}"
            time.sleep(0.02)
        raise AssertionError(f"did not say {words!r}:\n{self.text}")

    def end(self) -> int:
        """Wait for its end. The exit code."""
        return self.process.wait(SECONDS)


@dataclass
class Bench:
    """A folder for checkpoints, one for outputs, and a `bostan-checkpoint` that only writes down that it was asked."""

    folder: Path
    started: list[Running] = field(default_factory=list)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def declared(self) -> list[str]:
        """What was said to `bostan-checkpoint`, a line a call."""
        path = self.folder / "declared"
        return path.read_text().splitlines() if path.exists() else []

    def output(self, rank: int = 0) -> Path:
        return self.folder / f"output-{rank}"

    def start(
        self, script: str, *words: str, rank: int = 0, module: bool = False, **environment: str
    ) -> Running:
        """Start a script of an example as a rank, in its folder; with `module`, `words` are the whole command."""
        self.output(rank).mkdir(exist_ok=True)
        log = self.folder / f"log-{len(self.started)}"
        script_path = EXAMPLES / script
        command = list(words) if module else [script_path.name, *words]
        with log.open("wb") as handle:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=script_path.parent,
                env={**self._environment(rank), **environment},
                stdout=handle,
                stderr=subprocess.STDOUT,
            )
        self.started.append(Running(process, log))
        return self.started[-1]

    def _environment(self, rank: int) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "BOSTAN_CHECKPOINT_DIR": str(self.checkpoints),
            "BOSTAN_OUTPUT_DIR": str(self.output(rank)),
        }

    def close(self) -> None:
        for one in self.started:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGKILL)
            one.process.wait()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.checkpoints.mkdir()
    (tmp_path / "bin").mkdir()
    listener = tmp_path / "bin" / "bostan-checkpoint"
    listener.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/declared\n')
    listener.chmod(0o755)
    yield made
    made.close()


@pytest.fixture
def free_port() -> Callable[[], str]:
    def pick() -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return str(probe.getsockname()[1])

    return pick
