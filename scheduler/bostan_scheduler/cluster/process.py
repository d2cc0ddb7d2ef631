"""What every actor's process sets up first: its log, its priority, its memory."""

import gc
import os

from bostan_scheduler.logs import log_to_file
from bostan_scheduler.settings import CentreSettings

# A queue of many thousand jobs lives long; by default it would be walked through for every few hundred new objects.
GC_THRESHOLDS = (50_000, 20, 50)


def prepare(settings: CentreSettings, role: str) -> None:
    """Ray starts its workers with a low priority and sends their output nowhere that an operator looks."""
    log_to_file(settings.data_dir / "log" / f"{role}.log")
    gc.set_threshold(*GC_THRESHOLDS)
    niceness = os.nice(0)
    if niceness > 0:
        _raise_priority(niceness)


def _raise_priority(niceness: int) -> None:
    try:
        os.nice(-niceness)
    except PermissionError:
        return
