"""The files in a rank's folder and what each of them says.

spec.json            what to run (the runtime); locked (flock) while the shim lives
state.json           who runs: shim, main process, boot, cgroup
lease.json           the deadline as last renewed
log.<offset>         output; the name is the offset of its first byte in the whole log
exit.json            the truth about the end; once written, all the rank's processes are gone
checkpoints.jsonl    declared checkpoints, one a line
checkpoints/<seq>/   stable copies of the newest of them
sock                 control socket
shim.err             what the shim itself had to complain about
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from bostan_agent.shim.clock import Stamp, stamp_of
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.fields import optional, required, strings

PROTOCOL_VERSION = 1

SPEC = "spec.json"
STATE = "state.json"
LEASE = "lease.json"
EXIT = "exit.json"
SOCKET = "sock"
CHECKPOINTS = "checkpoints.jsonl"
CHECKPOINTS_FOLDER = "checkpoints"
COMPLAINTS = "shim.err"


class Cause(StrEnum):
    """Why a rank ended."""

    EXITED = "exited"  # the main process ended by itself
    STOPPED = "stopped"  # it was asked to stop
    LEASE_ENDED = "lease_ended"  # its right to run ran out
    START_FAILED = "start_failed"  # it never ran
    SHIM_LOST = "shim_lost"  # its shim died; it was killed
    NODE_REBOOTED = "node_rebooted"  # its boot ended


@dataclass(frozen=True, slots=True)
class State:
    """Who runs a rank. A pid counts only together with its start ticks and the boot id."""

    boot_id: str
    shim_pid: int
    shim_ticks: int
    main_pid: int
    main_ticks: int
    started: Stamp
    cgroup: str | None
    limits_held: tuple[str, ...]
    protocol_version: int = PROTOCOL_VERSION

    def to_record(self) -> dict[str, object]:
        """The state as a JSON object."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, object]) -> State:
        """The state that a JSON object holds."""
        return cls(
            boot_id=required(record, "boot_id", str),
            shim_pid=required(record, "shim_pid", int),
            shim_ticks=required(record, "shim_ticks", int),
            main_pid=required(record, "main_pid", int),
            main_ticks=required(record, "main_ticks", int),
            started=Stamp.of(required(record, "started", dict)),
            cgroup=optional(record, "cgroup", str),
            limits_held=strings(record, "limits_held"),
            protocol_version=required(record, "protocol_version", int),
        )


@dataclass(frozen=True, slots=True)
class ExitRecord:
    """How a rank ended. `ended` is the instant from which none of its processes exists.

    `code` or `signal` is how the main process ended; both are None when nobody saw it end or it never ran.
    """

    attempt_id: str
    rank: int
    cause: Cause
    code: int | None
    signal: int | None
    message: str | None
    boot_id: str
    started: Stamp | None
    first_output: Stamp | None
    main_ended: Stamp | None
    ended: Stamp
    log_end_offset: int
    log_lost_bytes: int
    checkpoint_seq: int
    out_of_memory: bool

    def to_record(self) -> dict[str, object]:
        """The exit record as a JSON object."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, object]) -> ExitRecord:
        """The exit record that a JSON object holds."""
        return cls(
            attempt_id=required(record, "attempt_id", str),
            rank=required(record, "rank", int),
            cause=Cause(required(record, "cause", str)),
            code=optional(record, "code", int),
            signal=optional(record, "signal", int),
            message=optional(record, "message", str),
            boot_id=required(record, "boot_id", str),
            started=stamp_of(record.get("started")),
            first_output=stamp_of(record.get("first_output")),
            main_ended=stamp_of(record.get("main_ended")),
            ended=Stamp.of(required(record, "ended", dict)),
            log_end_offset=required(record, "log_end_offset", int),
            log_lost_bytes=required(record, "log_lost_bytes", int),
            checkpoint_seq=required(record, "checkpoint_seq", int),
            out_of_memory=required(record, "out_of_memory", bool),
        )


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """One declared checkpoint; its stable copy lies in `checkpoints/<seq>/` while it is kept."""

    seq: int
    step: int | None
    declared: Stamp
    bytes: int
    files: int

    def to_record(self) -> dict[str, object]:
        """The checkpoint as a JSON object."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, object]) -> CheckpointRecord:
        """The checkpoint that a JSON object holds."""
        return cls(
            seq=required(record, "seq", int),
            step=optional(record, "step", int),
            declared=Stamp.of(required(record, "declared", dict)),
            bytes=required(record, "bytes", int),
            files=required(record, "files", int),
        )


def checkpoints_of(lines: bytes) -> list[CheckpointRecord]:
    """The checkpoints in the text of `checkpoints.jsonl`; a last line torn by a power cut is none."""
    found = []
    for line in lines.splitlines():
        try:
            found.append(CheckpointRecord.of(json.loads(line)))
        except (ValueError, SpecError):
            break
    return found
