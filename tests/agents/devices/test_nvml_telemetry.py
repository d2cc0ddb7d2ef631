"""What GPUs say of themselves through the true pynvml path."""

from bostan_agent.devices.port import ProblemCode, RecoveryAction, RemappedRows, ThrottleReason


async def test_a_busy_gpu_shows_every_gauge(node, gpu_line):
    facts = {"util": 97, "used": 64 << 30, "power": 650000, "temp": 71, "margin": 9, "energy": 123456789}
    node.says(
        gpu_line(0, **facts, reasons=0x44, ecc="3,1", rows="2,1,1,0", width=8, crc=5), "nvlink gpu=0 to=-1"
    )
    (reading,) = (await node.open().telemetry()).readings
    assert (reading.utilisation_percent, reading.memory_used_bytes) == (97, 64 << 30)
    assert (reading.power_milliwatts, reading.power_limit_milliwatts) == (650000, 700000)
    assert (reading.energy_millijoules, reading.temperature_celsius) == (123456789, 71)
    assert reading.temperature_margin_celsius == 9
    assert (reading.sm_clock_megahertz, reading.memory_clock_megahertz) == (1980, 2619)
    assert reading.throttle_reasons == (ThrottleReason.SOFTWARE_POWER_CAP, ThrottleReason.HARDWARE_THERMAL)
    assert (reading.ecc_corrected, reading.ecc_uncorrected) == (3, 1)
    assert reading.remapped_rows == RemappedRows(2, 1, pending=True, failed=False)
    assert (reading.pcie_width, reading.pcie_replays, reading.persistence_mode) == (8, 0, True)
    assert (reading.nvlinks_active, reading.nvlink_crc_errors) == (1, 5)


async def test_memory_in_use_does_not_count_the_drivers_own_reserve(node, gpu_line):
    node.says(gpu_line(0, used=0))
    (reading,) = (await node.open().telemetry()).readings
    assert reading.memory_used_bytes == 0


async def test_a_split_gpu_refuses_utilisation_and_rows_and_is_still_read(node, gpu_line):
    node.says(gpu_line(0, mig=1))
    telemetry = await node.open().telemetry()
    (reading,) = telemetry.readings
    assert (reading.utilisation_percent, reading.remapped_rows) == (None, None)
    assert (reading.power_milliwatts, telemetry.problems) == (70000, ())


async def test_the_drivers_own_verdict_is_read(node, gpu_line):
    devices = node.open()
    told = []
    for number in (0, 1, 2, 7, 99):
        node.says(gpu_line(0, recovery=number))
        told.append((await devices.telemetry()).readings[0].recovery_action)
    assert told == [
        RecoveryAction.NONE,
        RecoveryAction.RESET_GPU,
        RecoveryAction.REBOOT_NODE,
        RecoveryAction.REBOOT_SYSTEM,
        RecoveryAction.OTHER,
    ]


async def test_how_far_a_gpu_is_in_joining_its_switches_is_read(node, gpu_line):
    devices = node.open()
    told = []
    for facts in ({}, {"fabric": 1}, {"fabric": 2}, {"fabric": 3}, {"fabric": 3, "fabric_status": 999}):
        node.says(gpu_line(0, **facts))
        told.append((await devices.telemetry()).readings[0].fabric_state)
    assert told == [None, "not-started", "in-progress", "completed", "failed"]


async def test_one_gauge_that_fails_is_a_problem_and_the_others_are_read(node, gpu_line, uuids):
    node.says(gpu_line(0), "fail fn=nvmlDeviceGetPowerUsage code=999")
    telemetry = await node.open().telemetry()
    (reading,) = telemetry.readings
    assert (reading.power_milliwatts, reading.temperature_celsius) == (None, 30)
    (problem,) = telemetry.problems
    assert (problem.code, problem.gpu) == (ProblemCode.CALL_FAILED, uuids[0])


async def test_a_lost_gpu_has_a_problem_instead_of_a_reading_and_its_neighbour_is_read(node, gpu_line, uuids):
    node.says(gpu_line(0), gpu_line(1))
    devices = node.open()
    assert len((await devices.telemetry()).readings) == 2
    node.adds("fail gpu=0 code=15")
    telemetry = await devices.telemetry()
    assert [reading.uuid for reading in telemetry.readings] == [uuids[1]]
    assert [(problem.code, problem.gpu) for problem in telemetry.problems] == [
        (ProblemCode.GPU_LOST, uuids[0])
    ]
    assert await devices.processes(uuids[:2]) == {uuids[1]: frozenset()}


async def test_a_gpu_that_wants_a_reset_says_so(node, gpu_line, uuids):
    node.says(gpu_line(0), "fail gpu=0 fn=nvmlDeviceGetTemperatureV code=16")
    (problem,) = (await node.open().telemetry()).problems
    assert (problem.code, problem.gpu) == (ProblemCode.RESET_REQUIRED, uuids[0])


async def test_processes_of_others_are_listed_with_what_they_hold(node, gpu_line):
    node.says(gpu_line(0), "process gpu=0 pid=1 memory=4096")
    (reading,) = (await node.open().telemetry()).readings
    assert [(held.pid, held.memory_bytes) for held in reading.processes] == [(1, 4096)]


async def test_a_driver_that_garbles_the_newest_process_list_is_asked_the_older_way(
    node, gpu_line, uuids, holder
):
    node.says(gpu_line(0), "garbled_v3")
    process = holder(uuids[0])
    assert await node.open().processes([uuids[0]]) == {uuids[0]: {process.pid}}


async def test_an_old_driver_without_newer_symbols_is_read_the_older_way(old_node, gpu_line, uuids, holder):
    old_node.says(gpu_line(0, temp=42, used=1 << 30, reasons=0x4), gpu_line(1), "path level=10")
    process = holder(uuids[0])
    devices = old_node.open()
    inventory, telemetry = await devices.inventory(), await devices.telemetry()
    assert (len(inventory.gpus), inventory.cuda_version, inventory.links[0].kind) == (2, "12.4", "pix")
    reading = telemetry.readings[0]
    assert (reading.temperature_celsius, reading.throttle_reasons) == (
        42,
        (ThrottleReason.SOFTWARE_POWER_CAP,),
    )
    assert reading.memory_used_bytes == (1 << 30) + (512 << 20)
    assert (reading.temperature_margin_celsius, reading.recovery_action) == (None, None)
    assert [held.pid for held in reading.processes] == [process.pid]
    assert inventory.problems == telemetry.problems == ()


async def test_an_old_driver_tells_of_errors_too(old_node, gpu_line, uuids):
    old_node.says(gpu_line(0))
    devices = old_node.open()
    await devices.inventory()
    old_node.adds("event gpu=0 type=8 data=48")
    event = await anext(devices.events())
    assert (event.gpu, event.xid) == (uuids[0], 48)
