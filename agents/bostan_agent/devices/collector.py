"""One life of the child process: started, asked, killed. Knows nothing of when to start another."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any

from bostan_agent.devices import wire
from bostan_agent.devices.errors import DevicesCrashed, DevicesError, DevicesUnclear

_LAST_WORDS_BYTES = 2048

OnEvent = Callable[[Any, Any], None]


class Collector:
    """A running child. Answers are matched to questions by number; events go to `on_event(name, value)`."""

    def __init__(self, process: asyncio.subprocess.Process, on_event: OnEvent) -> None:
        self._process = process
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[wire.Frame]] = {}
        self._last_words = b""
        self._fault: DevicesError | None = None
        self._life = asyncio.create_task(self._live())

    @classmethod
    async def start(
        cls, command: Sequence[str], library_folder: str | None, frame_bytes_max: int, on_event: OnEvent
    ) -> "Collector":
        """Start the child in a session of its own, so that a terminal's Ctrl-C reaches only the agent.

        The dynamic linker looks for the NVIDIA library in `library_folder` first where one is given.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | ({"LD_LIBRARY_PATH": library_folder} if library_folder else {}),
            limit=frame_bytes_max,
            start_new_session=True,
        )
        return cls(process, on_event)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return not self._life.done() and self._fault is None

    async def ask(self, question: wire.Frame) -> wire.Frame:
        """The frame that answers; `DevicesCrashed` or `DevicesUnclear` when none can come any more."""
        if not self.alive:
            raise self.cause()
        number = next(self._numbers)
        waiter: asyncio.Future[wire.Frame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiter
        try:
            self._write({"id": number, **question})
            return await waiter
        finally:
            del self._waiting[number]

    def kill(self) -> None:
        """SIGKILL, and no answer is waited for any more. The kernel may take its time: see `wait`."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self, seconds: float) -> bool:
        """Ask it to end by closing its input; whether it did so in time."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        done, _ = await asyncio.wait([self._life], timeout=seconds)
        return bool(done)

    async def wait(self) -> None:
        """Until the process is gone and its pipes are closed."""
        await asyncio.wait([self._life])

    def cause(self) -> DevicesError:
        """What it died of."""
        if self._fault is not None:
            return self._fault
        words = self._last_words.decode(errors="replace").strip()
        return DevicesCrashed(
            f"The process that reads the devices died ({_ending(self._process.returncode)}). {words}"
        )

    def _write(self, frame: wire.Frame) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(wire.to_line(frame))

    async def _live(self) -> None:
        errors = asyncio.create_task(self._read_errors())
        try:
            await self._read_frames()
        except (ValueError, TypeError, KeyError, DevicesUnclear) as fault:
            self._fault = DevicesUnclear(
                f"The process that reads the devices wrote what is no answer: {fault}."
            )
            self.kill()
        await errors
        await self._process.wait()
        self._fail_waiting()

    async def _read_frames(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            frame = wire.from_line(line)
            if "event" in frame:
                self._on_event(frame["event"], frame.get("value"))
            elif (waiter := self._waiting.get(frame["id"])) and not waiter.done():
                waiter.set_result(frame)

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(_LAST_WORDS_BYTES):
            self._last_words = (self._last_words + piece)[-_LAST_WORDS_BYTES:]

    def _fail_waiting(self) -> None:
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(self.cause())


def _ending(returncode: int | None) -> str:
    if returncode is None:
        return "still dying"
    return f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
