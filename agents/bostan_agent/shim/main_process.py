"""Starting the rank's main process: clean, in its own session, and never before it is on record."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
from dataclasses import dataclass
from typing import NoReturn

from bostan_agent.shim import files, linux
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.errors import StartError
from bostan_agent.shim.spec import RankSpec

_GO = b"g"
_GATE = 3
# What Python ignores and the shim handles; the zygote has reset all others.
_TOUCHED_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
)
_REPORT_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class MainProcess:
    """A forked process that waits at its gate; `output` is the read end of its stdout and stderr."""

    pid: int
    output: int
    gate: socket.socket

    def release(self) -> None:
        """Let it run its command; returns once the command runs.

        Raises:
            StartError: the command could not be run.
        """
        self.gate.sendall(_GO)
        report = b"".join(iter(lambda: self.gate.recv(_REPORT_BYTES_MAX), b""))
        self.gate.close()
        if report:
            raise StartError(report.decode(errors="replace"))


def fork_main(spec: RankSpec, cgroup: Cgroup | None) -> MainProcess:
    """Fork the main process up to its gate, where it ends itself if this process dies first."""
    ours, theirs = socket.socketpair()
    output, output_in = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(output, False)
    shim_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_main(spec, cgroup, theirs, output_in, shim_pid)
    theirs.close()
    os.close(output_in)
    return MainProcess(pid, output, ours)


def _become_main(
    spec: RankSpec, cgroup: Cgroup | None, gate: socket.socket, output_in: int, shim_pid: int
) -> NoReturn:
    try:
        os.setsid()
        _arrange_files(gate.detach(), output_in)
        if os.read(_GATE, 1) == _GO:
            _prepare(spec, cgroup, shim_pid)
            os.execvpe(spec.argv[0], list(spec.argv), dict(spec.env))  # noqa: S606
    # Whatever happens, a forked copy of the shim must not go on as a second shim.
    except BaseException as exc:  # noqa: BLE001
        os.write(_GATE, _describe(spec, exc).encode()[:_REPORT_BYTES_MAX])
    os._exit(127)


def _arrange_files(gate: int, output_in: int) -> None:
    """stdin from nowhere, stdout and stderr to the shim, the gate until exec, and nothing else."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    # First above the places they go to, so that no move overwrites one not yet moved.
    nowhere, output_in, gate = (_raised(fd) for fd in (nowhere, output_in, gate))
    for fd, place in ((nowhere, 0), (output_in, 1), (output_in, 2), (gate, _GATE)):
        os.dup2(fd, place, inheritable=place != _GATE)
    os.closerange(_GATE + 1, linux.FD_MAX)


def _raised(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD, _GATE + 1)


def _prepare(spec: RankSpec, cgroup: Cgroup | None, shim_pid: int) -> None:
    if cgroup is not None:
        cgroup.enter()
    _reset_signals()
    _reset_priorities()
    _become_user(spec)
    # After the change of user, which clears it. A rank must not outlive what enforces its lease.
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != shim_pid:
        os._exit(127)
    os.chdir(spec.cwd)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _TOUCHED_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _reset_priorities() -> None:
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    set_oom_score(0)
    os.umask(0o022)


def set_oom_score(score: int) -> None:
    """How readily the kernel picks the calling process when memory runs out; only root may lower it."""
    with contextlib.suppress(OSError):
        files.put("/proc/self/oom_score_adj", str(score))


def _become_user(spec: RankSpec) -> None:
    if spec.uid is None:
        return
    gid = spec.uid if spec.gid is None else spec.gid
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(spec.uid)
    linux.forbid_new_privileges()


def _describe(spec: RankSpec, exc: BaseException) -> str:
    if isinstance(exc, FileNotFoundError) and "/" not in spec.argv[0] and exc.filename != spec.cwd:
        return f"cannot start {spec.argv[0]!r}: no such command on PATH={spec.env.get('PATH', '')}"
    return f"cannot start {spec.argv[0]!r} in {spec.cwd}: {exc}"
