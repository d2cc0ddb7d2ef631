"""What is read of a node's GPUs through the true pynvml path."""

from bostan_agent.devices.port import Link, LinkKind, MigInstance, ProblemCode


async def test_a_gpu_is_described_in_full(node, gpu_line, uuids):
    node.says(gpu_line(0, minor=3, serial="1650522003", width_max=16))
    (node.pci_folder / "0000:1b:00.0").mkdir(parents=True)
    (node.pci_folder / "0000:1b:00.0" / "numa_node").write_text("1\n")
    inventory = await node.open().inventory()
    assert (inventory.driver_version, inventory.cuda_version) == ("550.54.15", "12.4")
    (gpu,) = inventory.gpus
    assert (gpu.uuid, gpu.name, gpu.memory_bytes) == (uuids[0], "NVIDIA H100 80GB HBM3", 85520809984)
    assert (gpu.pci_bus_id, gpu.minor, gpu.numa_node, gpu.serial) == ("0000:1b:00.0", 3, 1, "1650522003")
    assert (gpu.compute_capability, gpu.pcie_width_max, gpu.pcie_generation_max) == ("9.0", 16, 5)
    assert gpu.mig_enabled is False


async def test_what_a_gpu_does_not_tell_is_none_and_no_problem(node, gpu_line):
    node.says(gpu_line(mig=None, energy=None, rows=None))
    devices = node.open()
    inventory, telemetry = await devices.inventory(), await devices.telemetry()
    assert (inventory.gpus[0].mig_enabled, inventory.gpus[0].serial) == (None, None)
    (reading,) = telemetry.readings
    assert (reading.energy_millijoules, reading.remapped_rows, reading.nvlinks_active) == (None, None, None)
    assert inventory.problems == telemetry.problems == ()


async def test_where_the_kernel_hides_the_numa_node_the_driver_is_asked(node, gpu_line):
    node.says(*(gpu_line(index) for index in range(5)))
    gpus = (await node.open().inventory()).gpus
    assert [gpu.numa_node for gpu in gpus] == [0, 0, 0, 0, 1]


async def test_mig_instances_are_listed_even_with_gaps_between_them(node, gpu_line, uuids):
    node.says(
        gpu_line(0, mig=1),
        gpu_line(1),
        "mig gpu=0 gi=1 ci=0 uuid=MIG-a name=NVIDIA_H100_MIG_3g.40gb memory=42949672960",
        "mig gpu=0 gi=5 ci=1 uuid=MIG-b name=NVIDIA_H100_MIG_1g.10gb memory=10737418240",
    )
    split, whole = (await node.open().inventory()).gpus
    assert split.mig_enabled is True
    assert split.mig_instances == (
        MigInstance("MIG-a", "NVIDIA H100 MIG 3g.40gb", 42949672960, 1, 0),
        MigInstance("MIG-b", "NVIDIA H100 MIG 1g.10gb", 10737418240, 5, 1),
    )
    assert (whole.mig_enabled, whole.mig_instances) == (False, ())


async def test_mig_without_instances_is_told_apart_from_no_mig(node, gpu_line):
    node.says(gpu_line(0, mig=1))
    (gpu,) = (await node.open().inventory()).gpus
    assert (gpu.mig_enabled, gpu.mig_instances) == (True, ())


async def test_a_process_on_a_mig_instance_holds_the_instance_and_its_gpu(node, gpu_line, uuids, holder):
    mine, other = (uuids[0].replace("GPU-", f"MIG-{name}") for name in "ab")
    node.says(gpu_line(0, mig=1), f"mig gpu=0 gi=1 uuid={mine}", f"mig gpu=0 gi=2 uuid={other}")
    process = holder(mine)
    held = await node.open().processes([mine, other, uuids[0]])
    assert held == {mine: {process.pid}, other: frozenset(), uuids[0]: {process.pid}}


async def test_direct_nvlinks_are_counted_between_the_gpus_that_they_join(node, gpu_line, uuids):
    node.says(
        *(gpu_line(index) for index in range(3)),
        "path level=50",
        *["nvlink gpu=0 to=1", "nvlink gpu=0 to=1", "nvlink gpu=0 to=2", "nvlink gpu=0 to=2 active=0"],
        *["nvlink gpu=1 to=0", "nvlink gpu=1 to=0", "nvlink gpu=2 to=0"],
    )
    links = (await node.open().inventory()).links
    assert links == (
        Link(uuids[0], uuids[1], LinkKind.NVLINK, 2),
        Link(uuids[0], uuids[2], LinkKind.NVLINK, 1),
        Link(uuids[1], uuids[2], LinkKind.SYS, 0),
    )


async def test_gpus_on_switches_share_as_many_links_as_the_poorer_has(node, gpu_line, uuids):
    node.says(gpu_line(0), gpu_line(1), *["nvlink gpu=0 to=-1"] * 18, *["nvlink gpu=1 to=-1"] * 17)
    devices = node.open()
    assert (await devices.inventory()).links == (Link(uuids[0], uuids[1], LinkKind.NVLINK, 17),)
    assert [reading.nvlinks_active for reading in (await devices.telemetry()).readings] == [18, 17]


async def test_pcie_paths_are_named(node, gpu_line):
    kinds = {}
    devices = node.open()
    for level in (0, 10, 20, 30, 40, 50):
        node.says(gpu_line(0), gpu_line(1), f"path level={level}")
        kinds[level] = (await devices.inventory()).links[0].kind.value
    assert kinds == {0: "pix", 10: "pix", 20: "pxb", 30: "phb", 40: "node", 50: "sys"}


async def test_a_virtual_machine_that_tells_no_paths_has_no_links(node, gpu_line):
    node.says(gpu_line(0), gpu_line(1))
    inventory = await node.open().inventory()
    assert (inventory.links, inventory.problems) == ((), ())


async def test_a_gpu_without_a_handle_is_a_problem_at_its_address_and_the_others_are_read(
    node, gpu_line, uuids
):
    node.kernel_lists("0000:1b:00.0", "0000:1c:00.0", "0000:1d:00.0")
    node.says(gpu_line(0), gpu_line(1, handle_error=15), gpu_line(2))
    inventory = await node.open().inventory()
    assert [gpu.uuid for gpu in inventory.gpus] == [uuids[0], uuids[2]]
    (problem,) = inventory.problems
    assert (problem.code, problem.gpu) == (ProblemCode.GPU_LOST, "0000:1c:00.0")


async def test_a_gpu_without_a_handle_and_an_address_goes_by_its_number(node, gpu_line):
    node.says(gpu_line(0, handle_error=999))
    (problem,) = (await node.open().inventory()).problems
    assert (problem.code, problem.gpu) == (ProblemCode.GPU_UNREADABLE, "GPU number 0")


async def test_a_gpu_that_the_driver_does_not_count_fell_off_the_bus(node, gpu_line):
    node.kernel_lists("0000:1b:00.0", "0000:9a:00.0")
    node.says(gpu_line(0))
    (problem,) = (await node.open().inventory()).problems
    assert (problem.code, problem.gpu) == (ProblemCode.OFF_THE_BUS, "0000:9a:00.0")


async def test_a_new_mig_layout_is_told_and_found(node, gpu_line, uuids):
    node.says(gpu_line(0, mig=1))
    devices = node.open()
    await devices.inventory()
    node.adds("mig gpu=0 gi=1 uuid=MIG-new", "event gpu=0 type=0x100")
    event = await anext(devices.events())
    assert (event.gpu, event.what) == (uuids[0], "mig")
    assert (await devices.inventory()).gpus[0].mig_instances[0].uuid == "MIG-new"
