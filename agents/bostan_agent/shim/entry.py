"""A fresh process becomes the shim of one folder, if nobody else has."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from pathlib import PurePath

from bostan_agent.shim import files, linux
from bostan_agent.shim.clock import Stamp, boot_id
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.family import Family
from bostan_agent.shim.main_process import set_oom_score
from bostan_agent.shim.records import COMPLAINTS, EXIT, SPEC, Cause, ExitRecord
from bostan_agent.shim.spec import RankKey, RankSpec
from bostan_agent.shim.supervisor import Supervisor

_OOM_SCORE = -900


def supervise(path: str, launch: socket.socket) -> None:
    """Be the shim of the rank's folder `path` until the rank's end; `launch` leads to the agent.

    The lock decides: without it, or where an exit record says that all is over, nothing is started.
    """
    _detach()
    folder = files.open_folder(path)
    locked = take_lock(folder)
    if locked is None or files.read(folder, EXIT) is not None:
        return
    linux.become_subreaper()
    try:
        spec = RankSpec.from_json(files.read_all(locked))
        family = Family(spec)
    except (SpecError, OSError) as exc:
        refuse(folder, path, str(exc))
        return
    supervisor = Supervisor(spec, folder, family)
    supervisor.control.admit(launch, trusted=True, watching=True)
    supervisor.run()


def complain(path: str, text: str) -> None:
    """Leave `text` in the rank's folder, where an operator finds why its shim broke."""
    with open(f"{path}/{COMPLAINTS}", "a", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)


def take_lock(folder: int) -> int | None:
    """The folder's spec.json, locked until the returned descriptor is closed; None where another holds it."""
    spec = os.open(SPEC, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        fcntl.flock(spec, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(spec)
        return None
    return spec


def refuse(folder: int, path: str, message: str) -> None:
    """Record that the rank never ran, and why."""
    key = RankKey.of_folder_name(PurePath(path).name)
    if key is not None:
        files.replace_json(folder, EXIT, never_ran(key, message).to_record(), durable=True)


def never_ran(key: RankKey, message: str) -> ExitRecord:
    """The exit record of a rank that was not started."""
    return ExitRecord(
        attempt_id=key.attempt_id,
        rank=key.rank,
        cause=Cause.START_FAILED,
        code=None,
        signal=None,
        message=message,
        boot_id=boot_id(),
        started=None,
        first_output=None,
        main_ended=None,
        ended=Stamp.now(),
        log_end_offset=0,
        log_lost_bytes=0,
        checkpoint_seq=0,
        out_of_memory=False,
    )


def _detach() -> None:
    os.setsid()
    linux.set_name("bostan-shim")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    set_oom_score(_OOM_SCORE)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for place in (0, 1, 2):
        os.dup2(nowhere, place)
    os.close(nowhere)
