"""One centre a data folder: whoever holds the lock of the folder is the one."""

import fcntl
import os
from pathlib import Path

from bostan_scheduler.errors import CentreError, FolderInUse


class FolderUnusable(CentreError):
    """The data folder cannot be made or written."""


def lock(data_dir: Path) -> int:
    """Take the folder for as long as this process lives. Raises `FolderInUse`, `FolderUnusable`."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(data_dir / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderUnusable(
            f"{data_dir} cannot be made or written ({error.strerror}); give a folder that can, with --data-dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise FolderInUse(
            f"another centre runs on {data_dir}; stop it, or give this one another --data-dir"
        ) from error
    return handle
