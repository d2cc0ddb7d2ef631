"""Which processes hold a GPU."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api
from bostan_agent.devices.read.handles import mig_handle
from bostan_agent.devices.read.mig import instance_handles

Held = dict[int, int | None]
"""pid -> bytes of GPU memory, None where the driver does not say."""


def pids_on(uuids: Iterable[str]) -> dict[str, list[int]]:
    """Pids per named GPU or MIG instance; a name that cannot be read is left out."""
    answer: dict[str, list[int]] = {}
    for uuid in uuids:
        handle = mig_handle(uuid)
        held = None if handle is None else _read_whole(uuid, handle)
        if held is not None:
            answer[uuid] = sorted(held)
    return answer


def _read_whole(uuid: str, handle: Handle) -> Held | None:
    try:
        return read_processes(Asker(uuid), handle)
    except GpuFailed:
        return None


def read_processes(ask: Asker, handle: Handle) -> Held | None:
    """Processes on a GPU with all its MIG instances; None where nothing tells."""
    handles = [handle, *instance_handles(ask, handle)]
    found = [_one_kind(ask, each, kind) for each in handles for kind in ("Compute", "Graphics")]
    told = [held for held in found if held is not None]
    return {pid: used for held in told for pid, used in held.items()} if told else None


def _one_kind(ask: Asker, handle: Handle, kind: str) -> Held | None:
    newest: Callable[[Handle], Any] = getattr(api, f"nvmlDeviceGet{kind}RunningProcesses")
    older: Callable[[Handle], Any] | None = getattr(api, f"nvmlDeviceGet{kind}RunningProcesses_v2", None)
    held = ask(lambda: _as_held(newest(handle)))
    if older is None or (held is not None and _all_live(held)):
        return held
    return _plausible(held, ask(lambda: _as_held(older(handle))))


def _as_held(listed: Iterable[Any]) -> Held:
    return {
        int(entry.pid): None if entry.usedGpuMemory is None else int(entry.usedGpuMemory) for entry in listed
    }


def _plausible(newest: Held | None, older: Held | None) -> Held | None:
    """Early 535 drivers garble the newest form; the older one is right there. Elsewhere the newest is."""
    if newest is None or (older is not None and _all_live(older)):
        return older
    return newest


def _all_live(held: Held) -> bool:
    return all(Path(f"/proc/{pid}").exists() for pid in held)
