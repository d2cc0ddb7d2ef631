"""Which logs go: those past their time, then those untouched for longest while all together are too large."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bostan_scheduler.files.settings import LogLimits


@dataclass(frozen=True, slots=True, order=True)
class _Attempt:
    """The logs of one attempt's ranks."""

    touched_seconds: float
    path: Path
    size_bytes: int


def sweep(root: Path, limits: LogLimits, now_seconds: float) -> int:
    """Remove whole attempts' logs; how many."""
    attempts = sorted(_attempts(root))
    total, removed = sum(one.size_bytes for one in attempts), 0
    for one in attempts:
        old = now_seconds - one.touched_seconds > limits.keep_seconds
        if not old and total <= limits.total_bytes_max:
            break
        shutil.rmtree(one.path, ignore_errors=True)
        total -= one.size_bytes
        removed += 1
    return removed


def _attempts(root: Path) -> Iterator[_Attempt]:
    for path in root.iterdir():
        touched, size = 0.0, 0
        for file in path.rglob("*"):
            with suppress(FileNotFoundError):
                status = file.stat()
                touched = max(touched, status.st_mtime)
                size += status.st_size if file.is_file() else 0
        yield _Attempt(touched, path, size)
