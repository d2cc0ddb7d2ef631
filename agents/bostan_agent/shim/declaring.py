"""Declared checkpoints: copied by a forked helper, so that log and lease never wait for a disk."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from bostan_agent.shim import files, linux, snapshot
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.errors import SnapshotError
from bostan_agent.shim.records import CHECKPOINTS, CheckpointRecord
from bostan_agent.shim.spec import RankSpec

_REPORT_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Refused:
    """A checkpoint was not recorded, and why."""

    message: str


Outcome: TypeAlias = CheckpointRecord | Refused
Answer: TypeAlias = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class _Copying:
    pid: int
    report: int
    answer: Answer
    step: int | None
    declared: Stamp


class Declarations:
    """At most one checkpoint is being copied; a copied one is recorded, then answered."""

    def __init__(self, spec: RankSpec, folder: int) -> None:
        self._spec = spec
        self._folder = folder
        self._copying: _Copying | None = None
        self.seq = 0

    @property
    def helper_pid(self) -> int | None:
        """The process that copies now, if any."""
        return None if self._copying is None else self._copying.pid

    def begin(self, step: int | None, answer: Answer) -> Refused | None:
        """Start copying, or say why not; `answer` is called when the checkpoint is recorded or refused."""
        if self._spec.checkpoint_dir is None:
            return Refused("this rank has no checkpoint folder")
        if self._copying is not None:
            return Refused("another checkpoint is being recorded; declare this one when that is done")
        try:
            self._copying = self._fork(self._spec.checkpoint_dir, step, answer)
        except OSError as exc:
            return Refused(f"the checkpoint could not be copied: {exc}")
        return None

    def _fork(self, source: str, step: int | None, answer: Answer) -> _Copying:
        report, report_in = os.pipe2(os.O_CLOEXEC)
        declared, shim_pid = Stamp.now(), os.getpid()
        pid = os.fork()
        if pid == 0:
            self._copy(source, report_in, shim_pid)
        os.close(report_in)
        return _Copying(pid, report, answer, step, declared)

    def finish(self) -> Outcome:
        """Record what the helper, which has ended, copied, and answer whoever declared it."""
        copying, self._copying = self._copying, None
        assert copying is not None
        outcome = self._record(self._outcome(copying))
        os.close(copying.report)
        copying.answer(outcome)
        return outcome

    def _record(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Refused):
            return outcome
        try:
            files.append_durably(self._folder, CHECKPOINTS, json.dumps(outcome.to_record()).encode() + b"\n")
        except OSError as exc:
            return Refused(f"the checkpoint could not be recorded: {exc}")
        self.seq = outcome.seq
        return outcome

    def give_up(self) -> None:
        """End the helper; its checkpoint will be refused."""
        if self._copying is not None:
            os.kill(self._copying.pid, signal.SIGKILL)

    def _outcome(self, copying: _Copying) -> Outcome:
        text = os.read(copying.report, _REPORT_BYTES_MAX)
        if not text:
            return Refused("the checkpoint could not be copied in time")
        report = json.loads(text)
        if "error" in report:
            return Refused(f"the checkpoint could not be copied: {report['error']}")
        return CheckpointRecord(
            self.seq + 1, copying.step, copying.declared, report["bytes"], report["files"]
        )

    def _copy(self, source: str, report: int, shim_pid: int) -> NoReturn:
        try:
            linux.die_with_parent(signal.SIGKILL)
            if os.getppid() != shim_pid:
                os._exit(1)
            _keep_open_only(report, self._folder)
            bounds = snapshot.Bounds(self._spec.checkpoint_bytes_max, self._spec.checkpoint_files_max)
            copied = snapshot.take(source, self._folder, self.seq + 1, bounds)
            os.write(report, json.dumps({"bytes": copied.bytes, "files": copied.files}).encode())
        except (SnapshotError, OSError) as exc:
            os.write(report, json.dumps({"error": str(exc)[:1024]}).encode())
        # A forked copy of the shim must not go on as a second shim.
        finally:
            os._exit(0)


def _keep_open_only(*fds: int) -> None:
    """The lock and the sockets must fall with the shim, even while its helper lives."""
    start = 3
    for fd in sorted(fds):
        os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, linux.FD_MAX)
