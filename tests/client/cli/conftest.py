"""The command line in this process, logged in to the centre on loopback, with a home of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bostan.cli.app import app
from typer.testing import CliRunner

JOB_FILE = """\
name: train
command: [python, train.py]
work_dir: null
gpus: 2
gpu_classes: [t4-16g]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty home, in which no earlier login lies, and the terminal of nobody."""
    for name in ("BOSTAN_URL", "BOSTAN_TOKEN", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def anybody(home) -> Callable[..., Ended]:
    """Runs `bostan` with these words; nobody is logged in."""

    def run(*words: str, typed: str | None = None) -> Ended:
        result = CliRunner().invoke(app, list(words), input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def bostan(anybody, centre, monkeypatch) -> Callable[..., Ended]:
    """Runs `bostan` with these words, logged in."""
    monkeypatch.setenv("BOSTAN_URL", centre.url)
    monkeypatch.setenv("BOSTAN_TOKEN", "secret")
    return anybody


@pytest.fixture
def job_file(tmp_path) -> Callable[..., str]:
    def write(text: str = JOB_FILE) -> str:
        path = tmp_path / "job.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def ended_job(make_job) -> Callable[..., dict[str, Any]]:
    """A finished job whose newest attempt's rank ended so."""

    def make(
        state: str, exit_code: int | None = None, signal: int | None = None, detail: str = ""
    ) -> dict[str, Any]:
        rank = {
            "rank": 0,
            "node": "tabriz/n1",
            "gpus": [],
            "state": "released",
            "exit_code": exit_code,
            "signal": signal,
        }
        attempt = {
            "id": "a1",
            "number": 1,
            "phase": "finished",
            "intent": "run",
            "park": "tabriz",
            "gpu_class": None,
            "created_at": 1,
        }
        job = make_job(phase="finished", state=state, exit_code=exit_code, outcome_detail=detail, attempts=1)
        return {**job, "attempt": {**attempt, "ranks": [rank]}}

    return make
