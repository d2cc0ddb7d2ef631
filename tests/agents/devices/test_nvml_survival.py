"""A driver that hangs, crashes, vanishes or lies takes nobody with it, and is tried again with patience."""

import asyncio
import os
import signal
import time

import psutil
import pytest
from bostan_agent.devices.collector import Collector
from bostan_agent.devices.errors import (
    DevicesCrashed,
    DevicesHung,
    DevicesUnclear,
    DriverMismatch,
    DriverMissing,
    DriverRefused,
)
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Pause, Supervision

IMPATIENT = {"answer_seconds_max": 2.5, "pause_seconds_min": 0.05}


async def test_a_driver_that_hangs_is_given_up_in_time_and_its_child_killed(node, gpu_line):
    node.says(gpu_line(0))
    devices = node.open(**IMPATIENT)
    await devices.inventory()
    hung = psutil.Process(devices.child_pid)
    node.adds("fail fn=nvmlDeviceGetPowerUsage code=hang")
    began = time.monotonic()
    with pytest.raises(DevicesHung, match=r"'telemetry' in 2.5 s"):
        await devices.telemetry()
    assert time.monotonic() - began < 6
    psutil.wait_procs([hung], timeout=5)
    assert not hung.is_running() or hung.status() == psutil.STATUS_ZOMBIE


async def test_processes_are_told_while_a_round_over_all_gpus_hangs(node, gpu_line, uuids):
    node.says(gpu_line(0))
    devices = node.open(answer_seconds_max=5.0)
    await devices.inventory()
    node.adds("fail fn=nvmlDeviceGetPowerUsage code=hang")
    stuck = asyncio.create_task(devices.telemetry())
    assert await devices.processes([uuids[0]]) == {uuids[0]: frozenset()}
    assert not stuck.done()
    stuck.cancel()


async def test_a_driver_that_recovers_is_read_again(node, gpu_line, until):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetPowerUsage code=hang")
    devices = node.open(**IMPATIENT)
    with pytest.raises(DevicesHung):
        await devices.telemetry()
    node.says(gpu_line(0))

    async def reads() -> bool:
        try:
            return len((await devices.telemetry()).readings) == 1
        except DevicesHung:
            return False

    await until(reads)


async def test_a_library_that_aborts_takes_only_the_child_and_says_where(node, gpu_line):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetEnforcedPowerLimit code=abort")
    devices = node.open()
    with pytest.raises(DevicesCrashed, match=r"(?s)signal 6.*nvmlDeviceGetEnforcedPowerLimit") as told:
        await devices.telemetry()
    assert "Thread 0x" not in str(told.value)  # those that run on are not looked at


async def test_xids_seen_before_a_crash_are_remembered_after_it(node, gpu_line, uuids, until):
    node.says(gpu_line(0), "event gpu=0 type=8 data=63")
    devices = node.open(pause_seconds_min=0.01)
    await devices.inventory()
    await anext(devices.events())
    node.says(gpu_line(0))
    os.kill(devices.child_pid, signal.SIGKILL)

    async def remembers() -> bool:
        try:
            (reading,) = (await devices.telemetry()).readings
        except DevicesCrashed:
            return False
        return [tally.xid for tally in reading.xids] == [63]

    await until(remembers)


async def test_between_tries_the_last_error_is_told_at_once(node, gpu_line):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetName code=abort")
    devices = node.open(pause_seconds_min=30.0)
    with pytest.raises(DevicesCrashed):
        await devices.inventory()
    began = time.monotonic()
    with pytest.raises(DevicesCrashed, match=r"Next try in \d+ s"):
        await devices.inventory()
    assert time.monotonic() - began < 0.2
    assert devices.child_pid is None


async def test_no_further_child_is_started_while_the_kernel_holds_too_many_dead_ones(node, gpu_line):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetName code=hang")
    devices = node.open(**IMPATIENT | {"unkillable_max": 0})
    with pytest.raises(DevicesHung, match="Reboot the node"):
        await devices.inventory()


async def test_a_child_that_cannot_be_started_is_a_crash_and_tried_again_later(node, monkeypatch):
    monkeypatch.setattr("sys.executable", "/no/such/python")
    devices = node.open()
    with pytest.raises(DevicesCrashed, match="cannot be started"):
        await devices.inventory()
    with pytest.raises(DevicesCrashed, match="Next try"):
        await devices.inventory()


async def test_no_driver_at_all_is_said_in_those_words(tmp_path):
    devices = Supervised(Supervision(library_folder=str(tmp_path)))
    with pytest.raises(DriverMissing, match="Install the driver"):
        await devices.inventory()
    await devices.close()


@pytest.mark.parametrize(
    ("code", "error", "remedy"),
    [
        (18, DriverMismatch, "Reboot"),
        (9, DriverRefused, "modprobe nvidia"),
        (4, DriverRefused, "/dev/nvidia"),
        (999, DriverRefused, "Unknown Error"),
    ],
)
async def test_a_driver_that_will_not_start_is_told_with_its_remedy(node, gpu_line, code, error, remedy):
    node.says(gpu_line(0), f"init code={code}")
    with pytest.raises(error, match=remedy):
        await node.open().inventory()


async def test_a_driver_that_stops_answering_as_a_whole_is_refused_not_believed_empty(node, gpu_line):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetCount_v2 code=999")
    with pytest.raises(DriverRefused, match="does not answer"):
        await node.open().inventory()


async def test_the_child_ends_with_the_agent_even_while_the_driver_hangs(node, gpu_line, until):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetName code=hang")
    devices = node.open()
    asked = asyncio.create_task(devices.inventory())

    async def started() -> bool:
        return devices.child_pid is not None

    await until(started)
    await devices.close()
    with pytest.raises(DevicesCrashed):
        await asked


async def test_the_child_stays_small(node, gpu_line):
    node.says(*(gpu_line(index) for index in range(8)))
    devices = node.open()
    await devices.telemetry()
    assert psutil.Process(devices.child_pid).memory_info().rss < 24 << 20


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("echo not json", DevicesUnclear),
        ("echo '[]'", DevicesUnclear),
        ("echo '{}'", DevicesUnclear),
        ("head -c 5000 /dev/zero", DevicesUnclear),
        ("""echo '{"event":"Surprise"}'""", DevicesUnclear),
        ("echo oh >&2; exit 3", DevicesCrashed),
    ],
)
async def test_a_child_that_talks_nonsense_is_ended(words, error):
    def no_events(name, value):
        raise DevicesUnclear(f"unknown event {name}")

    collector = await Collector.start(["sh", "-c", f"read question; {words}"], None, 4096, no_events)
    with pytest.raises(error):
        await collector.ask({"ask": "inventory"})
    await collector.wait()
    assert not collector.alive


def test_pauses_double_to_their_limit_and_a_long_life_is_forgiven():
    now = [1000.0]
    supervision = Supervision(pause_seconds_min=1, pause_seconds_max=4, stable_seconds=60)
    pause = Pause(supervision, lambda: now[0])

    def died_after(seconds: float, error=None) -> float:
        pause.started()
        now[0] += seconds
        pause.died(error or DevicesHung())
        waited = 0.0
        while True:
            try:
                pause.check()
            except DevicesHung:
                waited, now[0] = waited + 0.5, now[0] + 0.5
            else:
                return waited

    assert [died_after(5) for _ in range(5)] == [1, 2, 4, 4, 4]
    assert died_after(61) == 1


def test_a_missing_driver_is_looked_for_at_leisure():
    pause = Pause(Supervision(driver_seconds=300), lambda: 0.0)
    pause.died(DriverMissing())
    with pytest.raises(DriverMissing, match="Next try in 300 s"):
        pause.check()
