"""A warm process that forks shims on request: a fork costs a few milliseconds, a cold interpreter thirty.

It has no threads and nothing but the standard library. It serves one agent over the socket that is its
stdin: each message is the path of a rank's folder and carries one connected socket for the new shim. It
ends with its agent; the shims it made live on.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import traceback
from typing import NoReturn

from bostan_agent.shim import cgroup, clock, linux
from bostan_agent.shim.entry import complain, supervise

PATH_BYTES_MAX = 16 * 1024
_CHANNEL = 0


def main() -> None:
    """Serve until the agent is gone."""
    os.chdir("/")
    os.umask(0o077)
    linux.set_name("bostan-zygote")
    _reset_signals()
    # Looked up once for all shims.
    clock.boot_id()
    cgroup.parents()
    # Objects that the collector no longer visits stay on pages shared with every shim.
    gc.collect()
    gc.freeze()
    channel = socket.socket(fileno=os.dup(_CHANNEL))
    while _serve(channel):
        pass


def _reset_signals() -> None:
    """No rank inherits what the agent's own parent ignored or blocked."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        # glibc keeps a few real-time signals for itself and refuses them.
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The kernel reaps the shims that end while we live.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def _serve(channel: socket.socket) -> bool:
    message, fds, _flags, _peer = socket.recv_fds(channel, PATH_BYTES_MAX, 1)
    if not message or not fds:
        return False
    launch = socket.socket(fileno=fds[0])
    os.set_inheritable(launch.fileno(), False)
    try:
        if os.fork() == 0:
            channel.close()
            _become_shim(os.fsdecode(message), launch)
    except OSError as exc:
        launch.sendall(f'{{"event": "launch_failed", "message": "cannot fork: {exc.strerror}"}}\n'.encode())
    launch.close()
    return True


def _become_shim(path: str, launch: socket.socket) -> NoReturn:
    try:
        supervise(path, launch)
    except BaseException:  # noqa: BLE001
        complain(path, traceback.format_exc())
    finally:
        os._exit(0)
