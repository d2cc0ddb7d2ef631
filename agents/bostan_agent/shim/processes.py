"""Facts about processes from /proc, and signals that can never reach a stranger who got an old pid."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from bostan_agent.shim import files


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Parent, state letter and start time (in clock ticks since boot) of a process."""

    parent: int
    state: str
    start_ticks: int


def facts(pid: int) -> ProcessFacts | None:
    """What /proc says of `pid`; None when there is no such process."""
    stat = files.slurp(f"/proc/{pid}/stat")
    if stat is None:
        return None
    # The name, in parentheses, may hold spaces and parentheses of its own: the last one ends it.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return ProcessFacts(int(fields[1]), fields[0].decode(), int(fields[19]))


def start_ticks(pid: int) -> int | None:
    """When `pid` started, in clock ticks since boot: with the boot id, a name no other process bears."""
    known = facts(pid)
    return None if known is None else known.start_ticks


def all_pids() -> list[int]:
    """Every process that /proc shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208


def descendants(root: int) -> list[int]:
    """All living children of `root`, their children, and so on (zombies left out)."""
    children: dict[int, list[int]] = {}
    for pid in all_pids():
        known = facts(pid)
        if known is not None:
            children.setdefault(known.parent, []).append(pid)
    found: list[int] = []
    pending = [root]
    while pending:
        for child in children.get(pending.pop(), ()):
            found.append(child)
            pending.append(child)
    return [pid for pid in found if (known := facts(pid)) is not None and known.state not in "ZX"]


def is_descendant(pid: int, ancestor: int) -> bool:
    """Whether `ancestor` is met on the way from `pid` up to the first process.

    A process that has gone meanwhile counts as one: it can no longer be shown not to be.
    """
    while pid > 1:
        known = facts(pid)
        if known is None:
            return True
        pid = known.parent
        if pid == ancestor:
            return True
    return False


def with_environment(entry: str) -> list[int]:
    """Processes whose environment, as it was at their exec, holds exactly `entry` ("NAME=value")."""
    wanted = os.fsencode(entry)
    return [pid for pid in all_pids() if wanted in (files.slurp(f"/proc/{pid}/environ") or b"").split(b"\0")]


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether `pid` has a handler for the signal by now (or ignores it), so that it will not die of it."""
    status = files.slurp(f"/proc/{pid}/status") or b""
    masks = dict(
        line.split(b":\t", 1) for line in status.splitlines() if line.startswith((b"SigIgn", b"SigCgt"))
    )
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks.values())


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each of `pids`; one that has gone meanwhile is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def kill_exactly(pid: int, ticks: int) -> bool:
    """SIGKILL `pid` if it is still the process that started at `ticks`. Returns whether it was.

    The pid is pinned by a pidfd before its start time is compared, so it cannot change hands in between.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if start_ticks(pid) != ticks:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        return True
    finally:
        os.close(pidfd)
