"""Logs of decisions in a folder of the test's own, and random worlds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bostan_scheduler.decisions.limits import DecisionLimits
from bostan_scheduler.decisions.log import FileDecisionLog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "decisions"


@pytest.fixture
def log(folder: Path) -> Iterator[Callable[..., FileDecisionLog]]:
    """Opens logs in the folder, by default with every snapshot kept, and closes them."""
    opened: list[FileDecisionLog] = []

    def open_log(**limits: Any) -> FileDecisionLog:
        opened.append(FileDecisionLog(folder, DecisionLimits(**{"snapshot_every": 1} | limits)))
        return opened[-1]

    yield open_log
    for one in opened:
        one.close()
