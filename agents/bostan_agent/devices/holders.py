"""Which live processes were given a GPU by its UUID: read from their environment, as the kernel keeps it."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

_ENVIRONMENT_BYTES_MAX = 1 << 20
"""Read of each process; the kernel lets an environment grow larger only by the owner's deliberate doing."""
PROCESSES_MAX = 65_536
"""Looked through at one question; each costs about 10 µs."""
_VARIABLE = b"CUDA_VISIBLE_DEVICES="


def find_holders(
    uuids: Iterable[str], proc: str = "/proc", processes_max: int = PROCESSES_MAX
) -> Mapping[str, frozenset[int]]:
    """For each UUID the processes that name it in CUDA_VISIBLE_DEVICES.

    Processes of other users are not seen unless we are root; a process that has ended but was not yet reaped holds
    nothing. With more processes than we look through, the answer names no UUID at all.
    """
    found: dict[str, set[int]] = {uuid: set() for uuid in uuids}
    pids = _pids(proc)
    if len(pids) > processes_max:
        return {}
    for pid in pids:
        for uuid in _visible_devices(proc, pid):
            if uuid in found:
                found[uuid].add(pid)
    return {uuid: frozenset(pids) for uuid, pids in found.items()}


def _pids(proc: str) -> list[int]:
    names = [name for name in os.listdir(proc) if name.isdecimal()]  # noqa: PTH208  no object per process
    return [int(name) for name in names]


def _visible_devices(proc: str, pid: int) -> list[str]:
    for entry in _environment(proc, pid).split(b"\0"):
        if entry.startswith(_VARIABLE):
            return entry[len(_VARIABLE) :].decode(errors="replace").split(",")
    return []


def _environment(proc: str, pid: int) -> bytes:
    with suppress(OSError):
        descriptor = os.open(f"{proc}/{pid}/environ", os.O_RDONLY)
        try:
            return os.read(descriptor, _ENVIRONMENT_BYTES_MAX)
        finally:
            os.close(descriptor)
    return b""
