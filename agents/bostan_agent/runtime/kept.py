"""The stable copies of declared checkpoints in a rank's folder, and who may delete them.

The shim keeps the newest two and drops older ones when a new one is declared. A pinned copy stays, so
that an upload that takes longer than the job needs for two checkpoints still ends.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bostan_agent.shim.records import CHECKPOINTS_FOLDER
from bostan_agent.shim.snapshot import kept, pin_name


def copies(folder: Path) -> list[int]:
    """The sequence numbers of the copies in a rank's folder, oldest first."""
    base = folder / CHECKPOINTS_FOLDER
    return kept(str(base)) if base.is_dir() else []


def pin(folder: Path, seq: int) -> Path | None:
    """Keep copy `seq` until it is released; returns where it is, or None where it was dropped already."""
    base = folder / CHECKPOINTS_FOLDER
    if not (base / str(seq)).is_dir():
        return None
    (base / pin_name(seq)).touch()
    # Looked at again: the shim may have dropped it just before it was pinned.
    if not (base / str(seq)).is_dir():
        release(folder, seq)
        return None
    return base / str(seq)


def release(folder: Path, seq: int) -> None:
    """Let the shim drop copy `seq` when its time comes."""
    (folder / CHECKPOINTS_FOLDER / pin_name(seq)).unlink(missing_ok=True)


def drop(folder: Path, seq: int) -> None:
    """Delete copy `seq`, as the centre has it. Blocks while files are deleted."""
    base = folder / CHECKPOINTS_FOLDER
    doomed = base / f".{seq}.delivered"
    if (base / str(seq)).is_dir():
        (base / str(seq)).rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
    release(folder, seq)
