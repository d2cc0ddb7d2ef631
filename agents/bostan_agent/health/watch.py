"""The eye on the devices: reads them in rounds, keeps the last good picture, and never makes a heartbeat wait."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from bostan_agent.devices.errors import DevicesError, DevicesHung
from bostan_agent.devices.port import Devices, GpuChanged, Inventory, Telemetry
from bostan_agent.health.assess import assess, assess_unread, clear
from bostan_agent.health.memory import remember, remembered
from bostan_agent.health.policy import Policy
from bostan_agent.health.verdict import GpuHealth

log = structlog.get_logger(__name__)

NO_GPUS = Inventory(None, None, ())


@dataclass(frozen=True, slots=True)
class Starting:
    """Nothing was read yet."""


@dataclass(frozen=True, slots=True)
class Answering:
    """The last round was read."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The devices cannot be read since that instant; what else is told of them is older."""

    error: DevicesError
    since_seconds: float


Condition = Starting | Answering | Unread


@dataclass(frozen=True, slots=True)
class Picture:
    """The last that is known of the node's devices."""

    inventory: Inventory = NO_GPUS
    telemetry: Telemetry | None = None
    health: Mapping[str, GpuHealth] = field(default_factory=dict)
    condition: Condition = field(default_factory=Starting)

    @property
    def unusable(self) -> dict[str, str]:
        """GPUs that nobody new may get, each with the reason."""
        reasons = {name: each.reason_not_to_place for name, each in self.health.items()}
        return {name: reason for name, reason in reasons.items() if reason is not None}


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often the devices are read."""

    telemetry_seconds: float = 10.0
    inventory_seconds: float = 300.0
    """The inventory is also read after each change that the devices tell of."""
    hasty_seconds: float = 1.0
    """Least time between two rounds, however many events ask for one."""
    remember_seconds: float = 600.0
    """What is thought of the GPUs is written down at each new or gone finding, and at least so often."""


class Watch:
    """Call `run` in a task; read `latest` at any time; `next_round` is for who wants to hear of it."""

    def __init__(
        self,
        devices: Devices,
        policy: Policy,
        rounds: Rounds,
        memory_file: Path | None = None,
        clock: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._devices = devices
        self._policy = policy
        self._rounds = rounds
        self._memory_file = memory_file
        self._clock = clock
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._stirred = asyncio.Event()
        self._inventory_due = 0.0
        self._remember_due = 0.0
        self._round = asyncio.Condition()
        kept = remembered(memory_file, self._boot_id) if memory_file else {}
        self.latest = Picture(health=kept)

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._read_in_rounds())

    async def next_round(self) -> Picture:
        """The picture after the round that ends next."""
        async with self._round:
            await self._round.wait()
            return self.latest

    def clear(self, gpu: str) -> None:
        """An operator says that the GPU is well."""
        self._show(replace(self.latest, health=clear(self.latest.health, gpu, self._clock())))

    async def _listen(self) -> None:
        """An event is looked into at once: its GPU is read with all others."""
        async for event in self._devices.events():
            if isinstance(event, GpuChanged):
                self._inventory_due = 0.0
            self._stirred.set()

    async def _read_in_rounds(self) -> None:
        while True:
            self._stirred.clear()
            self._show(await self._read())
            async with self._round:
                self._round.notify_all()
            await asyncio.sleep(self._rounds.hasty_seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), self._rounds.telemetry_seconds)

    async def _read(self) -> Picture:
        before = self.latest
        try:
            inventory = await self._inventory()
            telemetry = await self._devices.telemetry()
        except DevicesError as error:
            return self._unread(before, error)
        health = assess(self._policy, before.health, inventory, telemetry)
        return Picture(inventory, telemetry, health, Answering())

    async def _inventory(self) -> Inventory:
        if self._clock() < self._inventory_due:
            return self.latest.inventory
        inventory = await self._devices.inventory()
        self._inventory_due = self._clock() + self._rounds.inventory_seconds
        return inventory

    def _unread(self, before: Picture, error: DevicesError) -> Picture:
        self._inventory_due = 0.0
        now = self._clock()
        since = before.condition.since_seconds if isinstance(before.condition, Unread) else now
        code = "devices-hung" if isinstance(error, DevicesHung) else "devices-unread"
        health = assess_unread(self._policy, before.health, code, str(error), now)
        return replace(before, health=health, condition=Unread(error, since))

    def _show(self, picture: Picture) -> None:
        news = _codes(picture) != _codes(self.latest)
        self.latest = picture
        if self._memory_file is not None and (news or self._clock() >= self._remember_due):
            self._remember(self._memory_file)

    def _remember(self, file: Path) -> None:
        """A full disk costs the memory, not the watch."""
        self._remember_due = self._clock() + self._rounds.remember_seconds
        try:
            remember(file, self._boot_id, self.latest.health)
        except OSError as error:
            log.warning("health not remembered", file=str(file), error=str(error))


def _codes(picture: Picture) -> set[tuple[str, str]]:
    return {(name, finding.code) for name, each in picture.health.items() for finding in each.findings}
