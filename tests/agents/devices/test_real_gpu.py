"""The same questions to real hardware, where there is some: nothing here changes a setting or loads a GPU."""

import re

import pytest
from bostan_agent.devices.errors import DriverMissing
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Supervision

pytestmark = pytest.mark.gpu


@pytest.fixture
async def devices():
    """The machine's own GPUs; the test is skipped where it has no driver."""
    own = Supervised(Supervision())
    try:
        await own.inventory()
    except DriverMissing as error:
        await own.close()
        pytest.skip(str(error))
    yield own
    await own.close()


async def test_every_gpu_has_a_uuid_a_name_a_size_and_a_place(devices):
    inventory = await devices.inventory()
    assert inventory.gpus
    for gpu in inventory.gpus:
        assert re.fullmatch(r"GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", gpu.uuid)
        assert re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]", gpu.pci_bus_id)
        assert gpu.name != "unknown"
        assert gpu.memory_bytes > 0
        assert gpu.minor is not None


async def test_gauges_are_within_what_is_possible(devices):
    inventory, telemetry = await devices.inventory(), await devices.telemetry()
    by_uuid = {gpu.uuid: gpu for gpu in inventory.gpus}
    for reading in telemetry.readings:
        assert 0 <= reading.memory_used_bytes <= by_uuid[reading.uuid].memory_bytes
        assert reading.utilisation_percent is None or 0 <= reading.utilisation_percent <= 100
        assert reading.temperature_celsius is None or 0 < reading.temperature_celsius < 120


async def test_energy_does_not_go_back(devices):
    first, second = await devices.telemetry(), await devices.telemetry()
    for before, after in zip(first.readings, second.readings, strict=True):
        assert (after.energy_millijoules or 0) >= (before.energy_millijoules or 0)


async def test_processes_are_told_for_every_gpu(devices):
    uuids = [gpu.uuid for gpu in (await devices.inventory()).gpus]
    assert set(await devices.processes(uuids)) == set(uuids)
