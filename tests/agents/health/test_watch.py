"""The watch: rounds go on whatever the devices do, and what was seen is not forgotten."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from bostan_agent.devices.errors import DevicesCrashed, DevicesHung, DriverMissing
from bostan_agent.devices.simulated import Simulated
from bostan_agent.health import Draining, Failed, Healthy, load_policy
from bostan_agent.health.memory import remember, remembered
from bostan_agent.health.watch import Answering, Rounds, Starting, Unread, Watch

QUICK = Rounds(telemetry_seconds=0.05, inventory_seconds=60.0, hasty_seconds=0.005)


class Moody(Simulated):
    """Simulated GPUs that fail to answer while they have a mood; counts what it is asked."""

    mood: Exception | None = None
    inventories = 0

    async def inventory(self):
        self.inventories += 1
        return await super().inventory()

    async def telemetry(self):
        if self.mood is not None:
            raise self.mood
        return await super().telemetry()


@contextlib.asynccontextmanager
async def watching(watch: Watch) -> AsyncIterator[Watch]:
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def devices() -> Moody:
    return Moody.parse("2xH100-80GB-SXM", "node-1")


def gpu_of(devices: Simulated) -> str:
    return devices._gpus[0].gpu.uuid


async def picture_of(watch: Watch, condition: type):
    async with asyncio.timeout(5):
        while not isinstance(watch.latest.condition, condition):
            await watch.next_round()
    return watch.latest


async def test_before_the_first_round_nothing_is_claimed(devices):
    picture = Watch(devices, load_policy(), QUICK).latest
    assert (picture.condition, picture.inventory.gpus, picture.unusable) == (Starting(), (), {})


async def test_rounds_follow_each_other_and_show_the_node(devices):
    async with watching(Watch(devices, load_policy(), QUICK)) as watch:
        first, second = await watch.next_round(), await watch.next_round()
    assert second.condition == Answering()
    assert second.telemetry.at_seconds > first.telemetry.at_seconds
    assert [each.verdict for each in second.health.values()] == [Healthy(), Healthy()]
    assert devices.inventories == 1


async def test_an_xid_is_looked_into_at_once_not_at_the_next_round(devices):
    slow = Rounds(telemetry_seconds=60.0, hasty_seconds=0.005)
    async with watching(Watch(devices, load_policy(), slow)) as watch:
        await watch.next_round()
        devices.report_xid(gpu_of(devices), 79)
        async with asyncio.timeout(5):
            picture = await watch.next_round()
    assert isinstance(picture.health[gpu_of(devices)].verdict, Failed)
    assert list(picture.unusable) == [gpu_of(devices)]


async def test_a_flood_of_events_does_not_become_a_flood_of_rounds(devices):
    async with watching(Watch(devices, load_policy(), Rounds(60.0, hasty_seconds=0.2))) as watch:
        await watch.next_round()
        began = time.monotonic()
        for _ in range(3):
            devices.report_xid(gpu_of(devices), 31)
            await watch.next_round()
    assert time.monotonic() - began >= 0.55


@pytest.mark.parametrize(
    ("error", "code"), [(DevicesHung, "devices-hung"), (DevicesCrashed, "devices-unread")]
)
async def test_while_devices_cannot_be_read_the_last_picture_stays_and_drains(devices, error, code):
    async with watching(Watch(devices, load_policy(), QUICK)) as watch:
        good = await picture_of(watch, Answering)
        devices.mood = error()
        bad = await picture_of(watch, Unread)
        later = await watch.next_round()
    assert bad.inventory == good.inventory
    assert bad.telemetry is not None
    assert later.condition.since_seconds == bad.condition.since_seconds
    verdict = bad.health[gpu_of(devices)].verdict
    assert isinstance(verdict, Draining)
    assert [finding.code for finding in verdict.findings] == [code]


async def test_devices_that_answer_again_are_read_anew_and_recover(devices):
    async with watching(Watch(devices, load_policy(), QUICK)) as watch:
        await picture_of(watch, Answering)
        devices.mood = DevicesHung()
        await picture_of(watch, Unread)
        devices.mood = None
        await picture_of(watch, Answering)
        for _ in range(3):
            picture = await watch.next_round()
    assert picture.unusable == {}
    assert devices.inventories >= 2


async def test_a_node_without_a_driver_is_told_from_one_not_read_yet(devices):
    devices.mood = DriverMissing()
    async with watching(Watch(devices, load_policy(), QUICK)) as watch:
        picture = await picture_of(watch, Unread)
    assert isinstance(picture.condition.error, DriverMissing)
    assert picture.inventory.gpus == ()


async def test_an_agent_that_starts_again_remembers_and_an_operator_clears(devices, tmp_path):
    file = tmp_path / "health.json"
    devices.report_xid(gpu_of(devices), 79)
    async with watching(Watch(devices, load_policy(), QUICK, file)) as watch:
        await watch.next_round()
    fresh = Moody.parse("2xH100-80GB-SXM", "node-1")
    again = Watch(fresh, load_policy(), QUICK, file)
    assert isinstance(again.latest.health[gpu_of(devices)].verdict, Failed)
    again.clear(gpu_of(devices))
    assert again.latest.unusable == {}
    assert Watch(fresh, load_policy(), QUICK, file).latest.unusable == {}


async def test_a_memory_that_cannot_be_written_costs_the_memory_only(devices, tmp_path):
    async with watching(Watch(devices, load_policy(), QUICK, tmp_path / "no" / "health.json")) as watch:
        assert (await picture_of(watch, Answering)).unusable == {}


def test_a_reboot_forgets(tmp_path, node):
    node.round(xids=node.xid(79))
    file = tmp_path / "health.json"
    remember(file, "boot-1", node.memory)
    assert remembered(file, "boot-1") == node.memory
    assert remembered(file, "boot-2") == {}


@pytest.mark.parametrize("content", [b"", b"{", b'{"boot_id": "b"}', b'{"boot_id": "b", "gpus": {"x": 1}}'])
def test_a_spoilt_memory_is_no_memory(tmp_path, content):
    file = tmp_path / "health.json"
    file.write_bytes(content)
    assert remembered(file, "b") == {}
