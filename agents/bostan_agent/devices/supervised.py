"""NVML behind a watchdog: a child that answers late is killed, and started again with growing pauses.

The caller never waits longer than the watchdog's time. While a child may not be started again yet, every question
is answered at once by the error that the last one died of.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, TypeVar

from bostan_agent.devices import parse, wire
from bostan_agent.devices.batch import Answer, Batch
from bostan_agent.devices.collector import Collector
from bostan_agent.devices.errors import DevicesCrashed, DevicesError, DevicesHung
from bostan_agent.devices.mailbox import Mailbox
from bostan_agent.devices.supervision import Pause, Supervision
from bostan_agent.devices.tally import Tally
from bostan_agent.devices.values import DeviceEvent, Inventory, Telemetry, XidSeen

T = TypeVar("T")


class Supervised:
    """`Devices` by NVML."""

    def __init__(self, supervision: Supervision, clock: Callable[[], float] = time.monotonic) -> None:
        self._supervision = supervision
        self._clock = clock
        self._collector: Collector | None = None
        self._starting = asyncio.Lock()
        self._dying: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(supervision.questions_max)
        self._pause = Pause(supervision, clock)
        self._tally = Tally()
        self._mailbox = Mailbox(supervision.events_max)
        self._batch = Batch(self._ask_processes)

    async def inventory(self) -> Inventory:
        """See `Devices`."""
        return await self._ask({"ask": "inventory"}, parse.inventory)

    async def telemetry(self) -> Telemetry:
        """See `Devices`."""
        return self._tally.added_to(await self._ask({"ask": "telemetry"}, parse.telemetry))

    async def processes(self, uuids: Iterable[str]) -> Mapping[str, frozenset[int]]:
        """See `Devices`."""
        return await self._batch.ask(uuids)

    def events(self) -> AsyncIterator[DeviceEvent]:
        """See `Devices`."""
        return self._mailbox.read()

    async def close(self) -> None:
        """See `Devices`."""
        self._mailbox.close()
        collector, self._collector = self._collector, None
        seconds = self._supervision.close_seconds_max
        if collector is not None and not await collector.close(seconds):
            self._bury(collector)
        if self._dying:
            await asyncio.wait(self._dying, timeout=seconds)

    @property
    def child_pid(self) -> int | None:
        """The child of the moment."""
        return self._collector.pid if self._collector else None

    async def _ask_processes(self, uuids: frozenset[str]) -> Answer:
        return await self._ask({"ask": "processes", "uuids": sorted(uuids)}, parse.processes)

    async def _ask(self, question: wire.Frame, understood: Callable[[Any], T]) -> T:
        async with self._slots:
            collector = await self._running()
            try:
                return understood(await self._answer(collector, question))
            except DevicesError as error:
                self._give_up(collector, error)
                raise

    async def _answer(self, collector: Collector, question: wire.Frame) -> Any:
        seconds = self._supervision.answer_seconds_max
        try:
            frame = await asyncio.wait_for(collector.ask(question), seconds)
        except TimeoutError as error:
            raise DevicesHung(
                f"The NVIDIA driver did not answer {question['ask']!r} in {seconds:g} s."
            ) from error
        if "error" in frame:
            parse.refusal(frame["error"], frame.get("message"))
        return frame.get("answer")

    async def _running(self) -> Collector:
        async with self._starting:
            if self._collector is not None and self._collector.alive:
                return self._collector
            if self._collector is not None:
                self._give_up(self._collector, self._collector.cause())
            self._pause.check()
            if len(self._dying) >= self._supervision.unkillable_max:
                raise DevicesHung(
                    f"The NVIDIA driver holds {len(self._dying)} killed processes. Reboot the node."
                )
            self._collector = await self._start()
            self._pause.started()
            return self._collector

    async def _start(self) -> Collector:
        supervision = self._supervision
        command = [sys.executable, "-P", "-m", "bostan_agent.devices.child"]
        folders = [str(supervision.driver_folder), str(supervision.pci_folder)]
        limit = supervision.frame_bytes_max
        try:
            return await Collector.start(command + folders, supervision.library_folder, limit, self._on_event)
        except OSError as error:
            failure = DevicesCrashed(f"The process that reads the devices cannot be started: {error}.")
            self._pause.died(failure)
            raise failure from error

    def _give_up(self, collector: Collector, error: DevicesError) -> None:
        if collector is self._collector:
            self._collector = None
            self._pause.died(error)
            self._bury(collector)

    def _bury(self, collector: Collector) -> None:
        """Kill, and remember it until the kernel lets go of it."""
        collector.kill()
        burial = asyncio.create_task(collector.wait())
        self._dying.add(burial)
        burial.add_done_callback(self._dying.discard)

    def _on_event(self, name: Any, value: Any) -> None:
        event = parse.event(name, value)
        if isinstance(event, XidSeen):
            self._tally.count(event)
        self._mailbox.put(event)
