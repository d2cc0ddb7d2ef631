"""What every actor's process sets up first: its log, its priority, its name."""

import os

from bostan_scheduler.logs import log_to_file
from bostan_scheduler.settings import CentreSettings


def prepare(settings: CentreSettings, role: str) -> None:
    """Ray starts its workers with a low priority and sends their output nowhere that an operator looks."""
    log_to_file(settings.data_dir / "log" / f"{role}.log")
    niceness = os.nice(0)
    if niceness > 0:
        _raise_priority(niceness)


def _raise_priority(niceness: int) -> None:
    try:
        os.nice(-niceness)
    except PermissionError:
        return
