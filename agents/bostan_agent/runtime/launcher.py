"""The agent's end of the warm launcher: one zygote, started again when it is found dead.

The agent never forks: the zygote is started by exec, and it forks shims on our behalf.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import bostan_agent
from bostan_agent.runtime.errors import LauncherFailed

# Appended, not inserted: the standard library comes first whatever lies beside our package.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from bostan_agent.shim.zygote import main; main()"
_PASSED_ON = ("LD_LIBRARY_PATH",)  # some interpreters do not start without it
_TRIES = 2


class Launcher:
    """Asks its zygote for shims."""

    def __init__(self) -> None:
        self._channel, self._zygote = _spawn()

    @property
    def pid(self) -> int:
        """The zygote."""
        return self._zygote.pid

    async def launch(self, folder: Path, connection: socket.socket) -> None:
        """Have a shim forked for `folder`; it speaks to us over `connection`'s other end.

        Raises:
            LauncherFailed: no zygote stays alive.
        """
        for _ in range(_TRIES):
            try:
                await self._send(folder, connection)
            except (BrokenPipeError, ConnectionResetError):
                self._replace()
            else:
                return
        raise LauncherFailed("the process that makes shims ends as soon as it is started")

    def close(self, wait_seconds: float) -> None:
        """End the zygote; its shims live on."""
        self._channel.close()
        try:
            self._zygote.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait()

    async def _send(self, folder: Path, connection: socket.socket) -> None:
        while True:
            try:
                socket.send_fds(self._channel, [os.fsencode(folder)], [connection.fileno()])
            except BlockingIOError:
                await _writable(self._channel)
            else:
                return

    def _replace(self) -> None:
        self._channel.close()
        self._zygote.kill()
        self._zygote.wait()
        self._channel, self._zygote = _spawn()


def _spawn() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    root = str(Path(bostan_agent.__file__).resolve().parent.parent)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with theirs:
        try:
            zygote = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, root],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as exc:
            ours.close()
            raise LauncherFailed(f"cannot start {sys.executable}: {exc}") from exc
    return ours, zygote


async def _writable(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(channel, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_writer(channel)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
