"""When the GPUs of a rank that ended are free: when the devices show no process of it any more."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

import structlog

from bostan_agent.devices.errors import DevicesError
from bostan_agent.devices.port import Devices

_FIRST_WAIT_SECONDS = 0.002
_QUICK_WAIT_SECONDS_MAX = 0.1
_SLOW_WAIT_SECONDS = 5.0
_MARK = "BOSTAN_SHIM_SOCKET"
_log = structlog.get_logger()


async def until_free(
    devices: Devices, gpu_uuids: tuple[str, ...], socket: Path, quick_seconds: float
) -> None:
    """Wait until no process of the rank with this control `socket` is on its GPUs.

    The devices are asked at once and every few milliseconds, after `quick_seconds` every 5 s. From then on only
    a living process of the rank counts: neither a GPU that does not tell, nor a pid that we cannot look at.
    """
    if not gpu_uuids:
        return
    quick_until = time.monotonic() + quick_seconds
    wait_seconds = _FIRST_WAIT_SECONDS
    while (why := await _held(devices, gpu_uuids, socket, strict=time.monotonic() < quick_until)) is not None:
        if time.monotonic() > quick_until:
            _log.warning("a rank's GPUs are not free yet", gpus=gpu_uuids, why=why)
            wait_seconds = _SLOW_WAIT_SECONDS
        await asyncio.sleep(wait_seconds)
        wait_seconds = min(2 * wait_seconds, _QUICK_WAIT_SECONDS_MAX)


async def _held(devices: Devices, gpu_uuids: tuple[str, ...], socket: Path, *, strict: bool) -> str | None:
    """Why the GPUs are not free, or None. `strict`: what is unclear holds them too."""
    try:
        holders = await devices.processes(gpu_uuids)
    except DevicesError as exc:
        return f"the devices do not answer: {exc}"
    untold = [gpu for gpu in gpu_uuids if gpu not in holders]
    if untold and strict:
        return f"{', '.join(untold)} cannot tell"
    pids = set().union(*holders.values()) if holders else set()
    left = await asyncio.to_thread(_of_rank, pids, socket, strict) if pids else []
    return f"processes {left} are on them" if left else None


def _of_rank(pids: Iterable[int], socket: Path, strict: bool) -> list[int]:
    """Those of `pids` that are the rank's. A pid that is gone was: its memory is about to be freed."""
    mark = f"{_MARK}={socket}".encode()
    found = []
    for pid in sorted(pids):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except PermissionError:
            continue  # another user's; a rank of another user has an agent that may look
        except OSError:
            environment = mark if strict else b""
        if mark in environment.split(b"\0"):
            found.append(pid)
    return found
