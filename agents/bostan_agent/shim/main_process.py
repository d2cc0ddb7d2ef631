"""Starting the rank's main process: clean, in its own session, and never before it is on record."""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import signal
import socket
from dataclasses import dataclass
from typing import NoReturn

from bostan_agent.shim import files, linux
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.errors import StartError
from bostan_agent.shim.spec import RankSpec

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
    cgroup_to_enter: str | None

    def release(self, spec: RankSpec) -> None:
        """Let it run the command of `spec`; returns once the command runs.

        Raises:
            StartError: the command could not be run.
        """
        order = (spec.argv, dict(spec.env), spec.cwd, spec.uid, spec.gid, self.cgroup_to_enter)
        self.gate.sendall(marshal.dumps(order))
        self.gate.shutdown(socket.SHUT_WR)
        report = b"".join(iter(lambda: self.gate.recv(_REPORT_BYTES_MAX), b""))
        self.gate.close()
        if report:
            raise StartError(report.decode(errors="replace"))


def fork_main(cgroup: Cgroup | None) -> MainProcess:
    """Fork the main process up to its gate, where it ends itself if this process dies first.

    To be called early: each page that a shim has written by then is copied once more after the fork, and
    that copying is most of what a start costs.
    """
    ours, theirs = socket.socketpair()
    output, output_in = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(output, False)
    shim_pid = os.getpid()
    pid, born_inside = _fork(cgroup)
    if pid == 0:
        _become_main(theirs, output_in, shim_pid)
    theirs.close()
    os.close(output_in)
    return MainProcess(pid, output, ours, None if cgroup is None or born_inside else cgroup.path)


def _fork(cgroup: Cgroup | None) -> tuple[int, bool]:
    """The child's pid, 0 in the child, and whether it was born in the cgroup."""
    if cgroup is not None:
        folder = files.open_folder(cgroup.path)
        try:
            return linux.fork_into(folder), True
        except OSError:
            pass  # then the child moves itself in, which any kernel with cgroups can do
        finally:
            os.close(folder)
    return os.fork(), False


def _become_main(gate: socket.socket, output_in: int, shim_pid: int) -> NoReturn:
    try:
        os.setsid()
        _arrange_files(gate.detach(), output_in)
        orders = files.read_all(_GATE)
        if orders:
            _obey(_Order(*marshal.loads(orders)), shim_pid)  # noqa: S302
    # Whatever happens, a forked copy of the shim must not go on as a second shim.
    finally:
        os._exit(127)


@dataclass(frozen=True, slots=True)
class _Order:
    """What the main process needs of its spec, in the order in which it is sent."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    uid: int | None
    gid: int | None
    cgroup: str | None


def _obey(order: _Order, shim_pid: int) -> None:
    try:
        _prepare(order, shim_pid)
        os.execvpe(order.argv[0], order.argv, order.env)  # noqa: S606
    except (OSError, ValueError) as exc:
        os.write(_GATE, _describe(order, exc).encode()[:_REPORT_BYTES_MAX])


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


def _prepare(order: _Order, shim_pid: int) -> None:
    if order.cgroup is not None:
        Cgroup(order.cgroup).enter()
    _reset_signals()
    _reset_priorities()
    _become_user(order.uid, order.gid)
    # After the change of user, which clears it. A rank must not outlive what enforces its lease.
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != shim_pid:
        os._exit(127)
    os.chdir(order.cwd)


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


def _become_user(uid: int | None, gid: int | None) -> None:
    if uid is None:
        return
    gid = uid if gid is None else gid
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    linux.forbid_new_privileges()


def _describe(order: _Order, exc: Exception) -> str:
    command = order.argv[0]
    if isinstance(exc, FileNotFoundError) and "/" not in command and exc.filename != order.cwd:
        return f"cannot start {command!r}: no such command on PATH={order.env.get('PATH', '')}"
    return f"cannot start {command!r} in {order.cwd}: {exc}"
