"""One rank from its start to its exit record: output, lease, stop, checkpoints, and nobody left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import assert_never

from bostan_agent.shim import files, linux, phases, processes
from bostan_agent.shim.clock import NS, Stamp, boot_id, boottime_ns
from bostan_agent.shim.control import Control
from bostan_agent.shim.declaring import Answer, Declarations, Refused
from bostan_agent.shim.errors import StartError
from bostan_agent.shim.family import Family
from bostan_agent.shim.log import LogWriter
from bostan_agent.shim.loop import Loop
from bostan_agent.shim.phases import Checkpointing, Killing, Patience, Phase, Running, Terminating
from bostan_agent.shim.records import EXIT, LEASE, STATE, Cause, ExitRecord, State
from bostan_agent.shim.requests import Requests
from bostan_agent.shim.spec import RankSpec

_READ_BYTES = 64 * 1024
_SWEEP_AGAIN_NS = NS // 50
_SWEEP_AGAIN_NS_MAX = NS


class Supervisor:
    """Runs one rank. Everything happens in one thread, in handlers of one poll loop."""

    def __init__(self, spec: RankSpec, folder: int, family: Family) -> None:
        self.spec = spec
        self.folder = folder
        self.phase: Phase = Running(self._lease_plan(spec.lease_deadline_boottime_ns))
        self.loop = Loop()
        self.control = Control(self.loop, Requests(self).handle, spec.uid)
        self._deadline_ns = spec.lease_deadline_boottime_ns
        self._boot_id = boot_id()
        self._declarations = Declarations(spec, folder)
        self._family = family
        self._log = LogWriter(folder, spec.log_bytes_max, spec.log_files_max)
        self._timer = linux.boottime_timer()
        self._state: State | None = None
        self._failure: str | None = None
        self._first_output: Stamp | None = None
        self._main_ended: Stamp | None = None
        self._gone: Stamp | None = None
        self._declared = False
        self._sweep_again_ns = _SWEEP_AGAIN_NS
        self._over = False

    def run(self) -> None:
        """Start the rank and stay until its exit record is written."""
        self._hear_signals()
        self.loop.watch(self._timer, self._on_timer)
        self.control.listen(self.folder)
        try:
            self._start()
        except (StartError, OSError) as exc:
            self._failure = str(exc)
            self._enter(Killing(Cause.START_FAILED))
        while not self._over:
            self.loop.once()
        self._family.dissolve()

    # What clients ask ----------------------------------------------------------------------------

    def describe(self) -> dict[str, object]:
        """What an agent that comes back must know."""
        return {
            "state": None if self._state is None else self._state.to_record(),
            "first_output": None if self._first_output is None else self._first_output.to_record(),
            "phase": type(self.phase).__name__.lower(),
            "cause": None if isinstance(self.phase, Running) else self.phase.cause,
            "deadline_boottime_ns": self._deadline_ns,
            "checkpoint_seq": self._declarations.seq,
            "log_end_offset": self._log.offset,
        }

    def patience(self, *, checkpoint: bool, grace_seconds: float) -> Patience:
        """How long a stop may take; time for a checkpoint only where the rank promised to heed the signal."""
        wanted = checkpoint and self.spec.checkpoint_on_signal
        checkpoint_seconds = self.spec.checkpoint_grace_seconds if wanted else 0.0
        return Patience(round(checkpoint_seconds * NS), round(grace_seconds * NS))

    def stop(self, cause: Cause, patience: Patience) -> None:
        """Begin to stop the rank, or hurry a stop that has begun; never beyond the lease."""
        now = boottime_ns()
        kill_by = self._lease_plan(self._deadline_ns).kill_at_ns
        self._enter(phases.sooner(self.phase, cause, phases.request_plan(now, patience, kill_by)))

    def renew(self, deadline_ns: int) -> Refused | None:
        """Move the lease's deadline, or say why not."""
        if not isinstance(self.phase, Running):
            return Refused("the rank is being stopped")
        try:
            files.replace_json(self.folder, LEASE, {"deadline_boottime_ns": deadline_ns}, durable=False)
        except OSError as exc:
            return Refused(f"the lease could not be recorded: {exc}")
        self._deadline_ns = deadline_ns
        self._enter(Running(self._lease_plan(deadline_ns)))
        return None

    def declare(self, step: int | None, answer: Answer) -> None:
        """Record a checkpoint; `answer` is called once it is recorded or refused."""
        refused = self._declarations.begin(step, answer)
        if refused is not None:
            answer(refused)

    # Starting ------------------------------------------------------------------------------------

    def _start(self) -> None:
        main = self._family.main
        self.loop.watch(main.output, lambda _: self._on_output(main.output))
        self._state = State(
            boot_id=self._boot_id,
            shim_pid=os.getpid(),
            shim_ticks=processes.start_ticks(os.getpid()) or 0,
            main_pid=main.pid,
            main_ticks=processes.start_ticks(main.pid) or 0,
            started=Stamp.now(),
            cgroup=self._family.cgroup_path,
            limits_held=self._family.limits_held,
        )
        # On record before it runs: whoever finds this folder can find the process.
        files.replace_json(self.folder, STATE, self._state.to_record(), durable=False)
        self._family.release()
        self.control.announce({"event": "started", **self.describe()})
        self._enter(self.phase)

    def _hear_signals(self) -> None:
        heard, wakeup = socket.socketpair()
        heard.setblocking(False)
        wakeup.setblocking(False)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        self._wakeup = wakeup
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.loop.watch(heard.fileno(), lambda _: self._on_signals(heard.recv(_READ_BYTES)))

    # What happens --------------------------------------------------------------------------------

    def _on_output(self, output: int) -> None:
        try:
            data = os.read(output, _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.loop.forget(output)
            return
        if self._first_output is None:
            self._note_first_output()
        self._log.write(data)

    def _note_first_output(self) -> None:
        self._first_output = Stamp.now()
        self.control.announce({"event": "first_output", **self._first_output.to_record()})

    def _on_signals(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers:
            self.stop(Cause.STOPPED, self.patience(checkpoint=True, grace_seconds=self.spec.grace_seconds))
        self._collect()
        self._settle()

    def _collect(self) -> None:
        for pid in self._family.reap():
            if pid == self._declarations.helper_pid:
                self._on_copied()
        if self._family.main_status is not None and self._main_ended is None:
            self._main_ended = Stamp.now()
            cause = Cause.EXITED if isinstance(self.phase, Running) else self.phase.cause
            self._enter(Killing(cause))

    def _on_copied(self) -> None:
        outcome = self._declarations.finish()
        if isinstance(outcome, Refused):
            return
        self.control.announce({"event": "checkpoint", **outcome.to_record()})
        self._declared = True
        self._enter(phases.advance(self.phase, boottime_ns(), declared=self._declared))

    def _on_timer(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._timer, 8)
        # A child may have ended before we could hear of it.
        self._collect()
        now = boottime_ns()
        if now >= self._deadline_ns:
            self._declarations.give_up()
        self._enter(phases.advance(self.phase, now, declared=self._declared))
        self._settle()

    # Stopping ------------------------------------------------------------------------------------

    def _enter(self, phase: Phase) -> None:
        """Take up `phase`: do what begins with it, where it is another kind of phase, and set the timer."""
        changed = type(phase) is not type(self.phase)
        if isinstance(self.phase, Running) and isinstance(phase, Checkpointing | Terminating):
            self.control.announce({"event": "stopping", "cause": phase.cause})
        self.phase = phase
        if changed:
            self._act(phase)
        self._set_timer()

    def _act(self, phase: Phase) -> None:
        helper = self._declarations.helper_pid
        match phase:
            case Running():
                pass
            case Checkpointing(cause, plan):
                self._declared = False
                if not self._family.ask_for_checkpoint():
                    self._enter(phases.terminate(cause, plan, boottime_ns()))
            case Terminating():
                self._family.terminate(helper)
            case Killing():
                self._family.kill(helper)
            case _:
                assert_never(phase)

    def _set_timer(self) -> None:
        at = phases.wakes_at_ns(self.phase)
        if at is None:
            at = boottime_ns() + self._sweep_again_ns
        linux.arm(self._timer, at)

    def _settle(self) -> None:
        """In the end phase: kill again whoever is left, or write the exit record when nobody is."""
        if not isinstance(self.phase, Killing) or self._over:
            return
        helper = self._declarations.helper_pid
        if self._gone is None and self._family.gone(helper):
            self._gone = Stamp.now()
        if self._gone is None:
            self._family.kill(helper)
            self._sweep_again_ns = min(2 * self._sweep_again_ns, _SWEEP_AGAIN_NS_MAX)
        elif helper is None:
            self._finish(self.phase.cause, self._gone)

    def _finish(self, cause: Cause, gone: Stamp) -> None:
        self._drain_output()
        record = self._exit_record(cause, gone).to_record()
        try:
            files.replace_json(self.folder, EXIT, record, durable=True)
        except OSError:
            return  # a full disk: the timer brings us back here until there is room for the truth
        self.control.announce({"event": "exited", **record})
        self._over = True

    def _drain_output(self) -> None:
        while data := _read_ready(self._family.main.output):
            if self._first_output is None:
                self._note_first_output()
            self._log.write(data)

    def _exit_record(self, cause: Cause, gone: Stamp) -> ExitRecord:
        status = self._family.main_status
        ended_with = None if status is None or self._failure else os.waitstatus_to_exitcode(status)
        return ExitRecord(
            attempt_id=self.spec.attempt_id,
            rank=self.spec.rank,
            cause=cause,
            code=ended_with if ended_with is not None and ended_with >= 0 else None,
            signal=-ended_with if ended_with is not None and ended_with < 0 else None,
            message=self._failure,
            boot_id=self._boot_id,
            started=None if self._failure or self._state is None else self._state.started,
            first_output=self._first_output,
            main_ended=None if self._failure else self._main_ended,
            ended=gone,
            log_end_offset=self._log.offset,
            log_lost_bytes=self._log.lost_bytes,
            checkpoint_seq=self._declarations.seq,
            out_of_memory=self._family.ran_out_of_memory(),
        )

    def _lease_plan(self, deadline_ns: int) -> phases.StopPlan:
        patience = self.patience(checkpoint=True, grace_seconds=self.spec.grace_seconds)
        return phases.lease_plan(boottime_ns(), deadline_ns, patience)


def _read_ready(fd: int) -> bytes:
    try:
        return os.read(fd, _READ_BYTES)
    except BlockingIOError:
        return b""
