"""The folders of ranks, seen from the agent: made whole, found again, settled, deleted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bostan_agent.runtime.errors import RankExists
from bostan_agent.runtime.sweep import sweep
from bostan_agent.shim import files
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.clock import Stamp, boot_id
from bostan_agent.shim.entry import never_ran, take_lock
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.log import log_end
from bostan_agent.shim.records import (
    CHECKPOINTS,
    EXIT,
    SPEC,
    STATE,
    Cause,
    CheckpointRecord,
    ExitRecord,
    State,
    checkpoints_of,
)
from bostan_agent.shim.spec import RankKey, RankSpec


def create(ranks_dir: Path, spec: RankSpec) -> Path:
    """A rank's folder with its spec inside, there whole or not at all.

    A power cut may still tear the spec; it ends the lease too, and `settle` copes with it.

    Raises:
        RankExists: a folder of this name is there already.
    """
    folder = ranks_dir / spec.key.folder_name
    if folder.exists():
        raise RankExists(f"rank {spec.key.folder_name} was started here before; forget it first")
    unfinished = ranks_dir / f".{folder.name}.new"
    # Another user's rank must reach its socket, though nothing else in here.
    unfinished.mkdir()
    unfinished.chmod(0o700 if spec.uid is None else 0o711)
    (unfinished / SPEC).touch(mode=0o600)  # it holds the environment, and with it the job's secrets
    (unfinished / SPEC).write_text(spec.to_json(), encoding="utf-8")
    unfinished.rename(folder)
    return folder


def scan(ranks_dir: Path) -> list[tuple[RankKey, Path]]:
    """Every rank's folder; what was half made or half deleted is cleared away."""
    found = []
    for path in sorted(ranks_dir.iterdir()):
        key = RankKey.of_folder_name(path.name)
        if key is not None:
            found.append((key, path))
        elif path.name.startswith(".") and path.name.endswith((".new", ".gone")):
            shutil.rmtree(path, ignore_errors=True)
    return found


def delete(folder: Path) -> None:
    """Delete a rank's folder and its cgroup; under its own name the folder is there whole or not at all."""
    state = state_of(folder)
    if state is not None and state.cgroup is not None:
        # The shim removed it, unless the kernel was still counting the dead.
        Cgroup(state.cgroup).remove()
    gone = folder.with_name(f".{folder.name}.gone")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def spec_of(folder: Path) -> RankSpec | None:
    """The spec in a rank's folder, or None where a power cut tore it."""
    try:
        return RankSpec.from_json((folder / SPEC).read_bytes())
    except (FileNotFoundError, SpecError):
        return None


def checkpoints(folder: Path) -> list[CheckpointRecord]:
    """The checkpoints declared so far, oldest first."""
    try:
        return checkpoints_of((folder / CHECKPOINTS).read_bytes())
    except FileNotFoundError:
        return []


def has_started(folder: Path) -> bool:
    """Whether a shim ever got as far as to record its main process."""
    return (folder / STATE).exists()


def state_of(folder: Path) -> State | None:
    """Who runs the rank, if its shim has come as far as to record it."""
    opened = files.open_folder(folder)
    try:
        record = files.read_json(opened, STATE)
    finally:
        os.close(opened)
    return None if record is None else State.of(record)


def exit_of(folder: Path) -> ExitRecord | None:
    """The exit record in a rank's folder, if there is one."""
    opened = files.open_folder(folder)
    try:
        return _exit_in(opened)
    finally:
        os.close(opened)


def settle(key: RankKey, folder: Path, sweep_seconds_max: float) -> ExitRecord | None:
    """How the rank ended, put on record here where its shim could not; None while its shim lives.

    A rank whose shim died is swept first: nothing enforces its lease any more. Blocks for the sweep.

    Raises:
        SweepIncomplete: processes of it are left that cannot be killed; nothing is put on record.
    """
    opened = files.open_folder(folder)
    try:
        return _exit_in(opened) or _settle_under_lock(key, folder, opened, sweep_seconds_max)
    finally:
        os.close(opened)


def _settle_under_lock(
    key: RankKey, folder: Path, opened: int, sweep_seconds_max: float
) -> ExitRecord | None:
    try:
        lock = take_lock(opened)
    except FileNotFoundError:  # torn by a power cut: no shim can have come from it
        return _put_on_record(opened, never_ran(key, "its spec was lost"))
    if lock is None:
        return None
    try:
        # The lock also keeps out a shim that is only now being started.
        known = _exit_in(opened)
        return known or _put_on_record(opened, _verdict(key, folder, opened, sweep_seconds_max))
    finally:
        os.close(lock)


def _verdict(key: RankKey, folder: Path, opened: int, sweep_seconds_max: float) -> ExitRecord:
    record = files.read_json(opened, STATE)
    if record is None:
        return never_ran(key, "its shim did not come up")
    state = State.of(record)
    if state.boot_id != boot_id():
        return _lost(key, folder, state, Cause.NODE_REBOOTED, "the node was rebooted while it ran")
    sweep(state, spec_of(folder), sweep_seconds_max)
    return _lost(key, folder, state, Cause.SHIM_LOST, "its shim died; its processes were killed")


def _lost(key: RankKey, folder: Path, state: State, cause: Cause, message: str) -> ExitRecord:
    declared = checkpoints(folder)
    return ExitRecord(
        attempt_id=key.attempt_id,
        rank=key.rank,
        cause=cause,
        code=None,
        signal=None,
        message=message,
        boot_id=state.boot_id,
        started=state.started,
        first_output=None,
        main_ended=None,
        ended=Stamp.now(),
        log_end_offset=log_end(folder),
        log_lost_bytes=0,
        checkpoint_seq=declared[-1].seq if declared else 0,
        out_of_memory=False,
    )


def _put_on_record(opened: int, record: ExitRecord) -> ExitRecord:
    files.replace_json(opened, EXIT, record.to_record(), durable=True)
    return record


def _exit_in(opened: int) -> ExitRecord | None:
    record = files.read_json(opened, EXIT)
    return None if record is None else ExitRecord.of(record)
