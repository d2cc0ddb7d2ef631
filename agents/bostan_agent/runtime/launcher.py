"""The agent's end of the warm launcher: one zygote, started when a rank is likely soon, and again when found dead.

The agent never forks: the zygote is started by exec, and it forks shims on our behalf.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import bostan_agent
from bostan_agent.runtime.errors import LauncherFailed

# Appended, not inserted: the standard library comes first whatever lies beside our package.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from bostan_agent.shim.zygote import main; main()"
_PASSED_ON = ("LD_LIBRARY_PATH",)  # some interpreters do not start without it
_TRIES = 2
_END_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class _Zygote:
    """A running zygote and our end of its channel."""

    process: subprocess.Popen[bytes]
    channel: socket.socket

    def end(self, wait_seconds: float) -> None:
        """Hang up, which ends it, and see that it has ended; its shims live on."""
        self.channel.close()
        try:
            self.process.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Launcher:
    """Asks its zygote for shims. The zygote is there while it is of use: an idle node does without its memory."""

    def __init__(self, rest_after_seconds: float) -> None:
        self._rest_after_seconds = rest_after_seconds
        self._zygote: _Zygote | None = None
        self._rest: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The zygote, if there is one."""
        return None if self._zygote is None else self._zygote.process.pid

    def warm(self) -> None:
        """Have a zygote ready, and keep it for some time.

        Raises:
            LauncherFailed: it cannot be started.
        """
        self._ready()

    async def launch(self, folder: Path, connection: socket.socket) -> None:
        """Have a shim forked for `folder`; it speaks to us over `connection`'s other end.

        Raises:
            LauncherFailed: no zygote stays alive.
        """
        for _ in range(_TRIES):
            zygote = self._ready()
            try:
                await _send(zygote.channel, folder, connection)
            except (BrokenPipeError, ConnectionResetError):
                self._drop(zygote)
            else:
                return
        raise LauncherFailed("the process that makes shims ends as soon as it is started")

    def close(self, wait_seconds: float) -> None:
        """End the zygote; its shims live on."""
        if self._rest is not None:
            self._rest.cancel()
        if self._zygote is not None:
            self._zygote.end(wait_seconds)
            self._zygote = None

    def _ready(self) -> _Zygote:
        """The zygote, which is now used: its time begins anew."""
        if self._zygote is None:
            self._zygote = _spawn()
        if self._rest is not None:
            self._rest.cancel()
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(self._rest_after_seconds, self._let_rest)
        return self._zygote

    def _let_rest(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            asyncio.get_running_loop().run_in_executor(None, zygote.end, _END_SECONDS_MAX)

    def _drop(self, zygote: _Zygote) -> None:
        """It is of no use; whoever came first has dropped it already."""
        zygote.channel.close()
        zygote.process.kill()
        zygote.process.wait()
        if self._zygote is zygote:
            self._zygote = None


async def _send(channel: socket.socket, folder: Path, connection: socket.socket) -> None:
    while True:
        try:
            socket.send_fds(channel, [os.fsencode(folder)], [connection.fileno()])
        except BlockingIOError:
            await _writable(channel)
        else:
            return


def _spawn() -> _Zygote:
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
    return _Zygote(zygote, ours)


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
