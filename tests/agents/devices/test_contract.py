"""What anybody who answers for a node's devices must keep: asked of the simulation and of NVML alike."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from bostan_agent.devices.port import Devices, XidSeen
from bostan_agent.devices.simulated import Simulated

UUID = re.compile(r"GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SimulatedSide:
    """Two GPUs, pretended by us."""

    def __init__(self, here: str) -> None:
        self.devices = Simulated.parse("2xH100-80GB-SXM", here)

    def report_xid(self, gpu: str, xid: int) -> None:
        self.devices.report_xid(gpu, xid)


class NvmlSide:
    """The same two, told by a driver."""

    def __init__(self, node, gpu_line, uuids) -> None:
        self._node, self._uuids = node, uuids
        node.says(gpu_line(0), gpu_line(1), "path level=30", "nvlink gpu=0 to=1", "nvlink gpu=1 to=0")
        self.devices = node.open()

    def report_xid(self, gpu: str, xid: int) -> None:
        self._node.adds(f"event gpu={self._uuids.index(gpu)} type=8 data={xid}")


@pytest_asyncio.fixture(params=["simulated", "nvml"])
async def side(request, here, node, gpu_line, uuids) -> AsyncIterator[SimulatedSide | NvmlSide]:
    """Each implementation in turn."""
    one = SimulatedSide(here) if request.param == "simulated" else NvmlSide(node, gpu_line, uuids)
    yield one
    await one.devices.close()


@pytest.fixture
def devices(side) -> Devices:
    """The devices of the side."""
    return side.devices


async def test_every_gpu_has_a_uuid_a_name_a_size_and_a_place(devices):
    gpus = (await devices.inventory()).gpus
    assert len(gpus) == 2
    assert all(UUID.fullmatch(gpu.uuid) for gpu in gpus)
    assert {gpu.name for gpu in gpus} == {"NVIDIA H100 80GB HBM3"}
    assert {gpu.memory_bytes for gpu in gpus} == {85520809984}
    assert {gpu.compute_capability for gpu in gpus} == {"9.0"}
    assert len({gpu.pci_bus_id for gpu in gpus}) == 2


async def test_the_inventory_does_not_change_by_itself(devices):
    assert await devices.inventory() == await devices.inventory()


async def test_each_pair_has_one_link_and_it_is_the_nearest(devices):
    inventory = await devices.inventory()
    (link,) = inventory.links
    assert [link.a, link.b] == sorted(gpu.uuid for gpu in inventory.gpus)
    assert link.kind == "nvlink"
    assert link.nvlinks > 0


async def test_telemetry_reads_every_gpu_once_within_what_is_possible(devices):
    inventory = await devices.inventory()
    telemetry = await devices.telemetry()
    assert [reading.uuid for reading in telemetry.readings] == [gpu.uuid for gpu in inventory.gpus]
    assert telemetry.problems == ()
    for reading in telemetry.readings:
        assert 0 <= reading.utilisation_percent <= 100
        assert 0 <= reading.memory_used_bytes <= 85520809984
        assert 0 < reading.power_milliwatts <= reading.power_limit_milliwatts
        assert 0 < reading.temperature_celsius < 100
        assert reading.remapped_rows.failed is False


async def test_energy_never_goes_back(devices):
    first, second = await devices.telemetry(), await devices.telemetry()
    assert second.at_seconds > first.at_seconds
    for before, after in zip(first.readings, second.readings, strict=True):
        assert after.energy_millijoules >= before.energy_millijoules


async def test_a_gpu_is_held_from_the_start_of_its_process_to_its_end_and_not_longer(devices, holder):
    mine, other = (gpu.uuid for gpu in (await devices.inventory()).gpus)
    assert await devices.processes([mine, other]) == {mine: frozenset(), other: frozenset()}
    process = holder(mine)
    assert await devices.processes([mine, other]) == {mine: {process.pid}, other: frozenset()}
    process.kill()
    process.wait()
    assert await devices.processes([mine]) == {mine: frozenset()}


async def test_a_process_on_two_gpus_holds_both(devices, holder):
    both = [gpu.uuid for gpu in (await devices.inventory()).gpus]
    process = holder(",".join(both))
    assert await devices.processes(both) == {uuid: {process.pid} for uuid in both}
    telemetry = await devices.telemetry()
    assert [[held.pid for held in reading.processes] for reading in telemetry.readings] == [[process.pid]] * 2


async def test_a_gpu_that_is_not_here_is_left_out(devices):
    assert await devices.processes(["GPU-ffffffff-0000-0000-0000-000000000000"]) == {}


async def test_many_exits_at_once_are_all_answered(devices):
    (first, second) = (gpu.uuid for gpu in (await devices.inventory()).gpus)
    answers = await asyncio.gather(*(devices.processes([first if n % 2 else second]) for n in range(100)))
    assert {tuple(answer) for answer in answers} == {(first,), (second,)}


async def test_an_xid_is_told_as_it_happens_and_counted_from_then_on(devices, side):
    gpu = (await devices.inventory()).gpus[1].uuid
    side.report_xid(gpu, 79)
    event = await asyncio.wait_for(anext(devices.events()), 5)
    assert isinstance(event, XidSeen)
    assert (event.gpu, event.xid) == (gpu, 79)
    side.report_xid(gpu, 79)
    await asyncio.wait_for(anext(devices.events()), 5)
    told = {reading.uuid: reading.xids for reading in (await devices.telemetry()).readings}
    assert [(tally.xid, tally.count) for tally in told[gpu]] == [(79, 2)]
    assert sum(len(xids) for xids in told.values()) == 1


async def test_events_end_when_the_devices_are_closed_and_closing_twice_is_fine(devices):
    await devices.inventory()
    await devices.close()
    await devices.close()
    assert [event async for event in devices.events()] == []
