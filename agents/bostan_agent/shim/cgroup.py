"""A rank's own cgroup (version 2) where the host allows one: every process found, killed in one write.

Works in the version 2 tree of a hybrid host too, as killing needs no controller. Limits need
controllers; which of them hold is reported, never assumed.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from bostan_agent.shim import files
from bostan_agent.shim.spec import Limits

_CPU_PERIOD_US = 100_000


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One cgroup that is ours alone, by its absolute path."""

    path: str

    def enter(self) -> None:
        """Move the calling process in."""
        files.put(f"{self.path}/cgroup.procs", "0")

    def pids(self) -> list[int]:
        """The processes in this cgroup and those below it."""
        return [int(pid) for path in self._subtree() for pid in _text(f"{path}/cgroup.procs").split()]

    def kill(self) -> None:
        """SIGKILL every process inside at once, also those being forked meanwhile."""
        with contextlib.suppress(OSError):
            files.put(f"{self.path}/cgroup.kill", "1")

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed a process inside for memory; False where that is not counted."""
        words = _text(f"{self.path}/memory.events").split()
        counts = dict(zip(words[::2], words[1::2], strict=False))
        return int(counts.get("oom_kill", "0")) > 0

    def remove(self) -> bool:
        """Delete the cgroup with those that the rank made below; False where one is still in use.

        The kernel may count the dead for an instant after they are gone.
        """
        for path in reversed(list(self._subtree())):
            with contextlib.suppress(OSError):
                os.rmdir(path)  # noqa: PTH106
        return not os.access(self.path, os.F_OK)

    def limit(self, limits: Limits) -> tuple[str, ...]:
        """Set what the host's controllers can hold. Returns the names of the limits that hold."""
        wanted = {
            "memory_bytes": limits.memory_bytes
            and [("memory.max", limits.memory_bytes), ("memory.oom.group", 1)],
            "cpus": limits.cpus and [("cpu.max", f"{round(limits.cpus * _CPU_PERIOD_US)} {_CPU_PERIOD_US}")],
            "pids": limits.pids and [("pids.max", limits.pids)],
        }
        return tuple(name for name, settings in wanted.items() if settings and self._set_all(settings))

    def _set_all(self, settings: list[tuple[str, int]] | list[tuple[str, str]]) -> bool:
        try:
            for file, value in settings:
                files.put(f"{self.path}/{file}", str(value))
        except OSError:
            return False
        return True

    def _subtree(self) -> Iterator[str]:
        for path, _, _ in os.walk(self.path):
            yield path


def create(name: str, limits: Limits) -> tuple[Cgroup, tuple[str, ...]] | None:
    """A new cgroup called `name` with those of `limits` that hold; None where the host allows none.

    It lies below our own cgroup or, where that can hold no limits because we live in it, beside it.
    """
    wanted = sum(limit is not None for limit in (limits.memory_bytes, limits.cpus, limits.pids))
    best: tuple[Cgroup, tuple[str, ...]] | None = None
    for parent in parents():
        made = _create_in(parent, name, limits)
        if made is None or (best is not None and len(made[1]) <= len(best[1])):
            if made is not None:
                made[0].remove()
            continue
        if best is not None:
            best[0].remove()
        best = made
        if len(best[1]) == wanted:
            break
    return best


def _create_in(parent: str, name: str, limits: Limits) -> tuple[Cgroup, tuple[str, ...]] | None:
    cgroup = Cgroup(f"{parent}/{name}")
    try:
        os.mkdir(cgroup.path)  # noqa: PTH102
    except OSError:
        return None
    if not os.access(f"{cgroup.path}/cgroup.kill", os.W_OK):
        cgroup.remove()
        return None
    return cgroup, cgroup.limit(limits)


@functools.cache
def parents() -> list[str]:
    """Where a cgroup may be made, best place first. Looked up once, in the zygote, for all its shims."""
    mount, own = _mount(), _own_path()
    if mount is None or own is None or ".." in own.split("/"):
        return []
    below = f"{mount}{own}".rstrip("/")
    return [below] if own == "/" else [below, below.rpartition("/")[0]]


def _mount() -> str | None:
    for line in _text("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return before.split()[4]
    return None


def _own_path() -> str | None:
    for line in _text("/proc/self/cgroup").splitlines():
        if line.startswith("0::"):
            return line.removeprefix("0::")
    return None


def _text(path: str) -> str:
    return (files.slurp(path) or b"").decode(errors="replace")
