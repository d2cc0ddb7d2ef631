"""The processes of a Ray that this centre has started: written down, so that the next start can end what is left."""

import json
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Recorded:
    """A process by its pid and its time of creation: a pid alone may long be somebody else's."""

    pid: int
    created: float

    def running(self) -> psutil.Process | None:
        """The process, if it is still this one."""
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.created) < 0.02 and _lives(process) else None
        except psutil.NoSuchProcess:
            return None


def _lives(process: psutil.Process) -> bool:
    return bool(process.status() != psutil.STATUS_ZOMBIE)


def record(path: Path, processes: list[psutil.Process]) -> None:
    """Write processes down, in place of those before."""
    entries = [{"pid": one.pid, "created": one.create_time()} for one in processes if one.is_running()]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(entries))
    fresh.replace(path)


def end_leftovers(path: Path, timeout_seconds: float = 5.0) -> int:
    """End what a centre that was killed has left, with all its children. How many processes were ended."""
    leftovers = [process for one in _read(path) if (process := one.running()) is not None]
    everything = {child.pid: child for one in leftovers for child in (*one.children(recursive=True), one)}
    for process in everything.values():
        _kill(process)
    psutil.wait_procs(list(everything.values()), timeout=timeout_seconds)
    path.unlink(missing_ok=True)
    return len(everything)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _read(path: Path) -> list[Recorded]:
    try:
        entries = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [Recorded(entry["pid"], entry["created"]) for entry in entries]


def ray_processes() -> list[psutil.Process]:
    """The processes below this one."""
    return [*psutil.Process().children(recursive=True)]
