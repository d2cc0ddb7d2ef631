"""What an operator sees of a node's GPUs."""

import io
import json

import pytest
from bostan_agent.devices.simulated import Simulated
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Supervision
from bostan_agent.health import load_policy
from bostan_agent.inspect import OK, UNFIT, UNREADABLE, inspect
from rich.console import Console


@pytest.fixture
def shown():
    """Inspects devices: exit code and what was printed, at most 80 columns wide."""

    async def show(devices, output: str) -> tuple[int, str]:
        console = Console(file=io.StringIO(), width=80)
        code = await inspect(devices, load_policy(), output, console)
        return code, console.file.getvalue()

    return show


async def test_the_table_names_every_gpu_in_full_within_80_columns(shown):
    devices = Simulated.parse("2xH100-80GB-SXM,1xT4-16GB", "n")
    code, text = await shown(devices, "table")
    assert code == OK
    for gpu in (await devices.inventory()).gpus:
        assert gpu.uuid in text
        assert gpu.pci_bus_id in text
    assert "NV18" in text
    assert text.count("healthy") == 3
    assert "Findings" not in text


async def test_what_was_found_is_shown_with_what_to_do(shown):
    devices = Simulated.parse("2xH100-80GB-SXM", "n")
    devices.report_xid((await devices.inventory()).gpus[1].uuid, 79)
    code, text = await shown(devices, "table")
    assert code == UNFIT
    assert text.count("failed") == 1
    assert "the GPU fell off the bus" in text
    assert "reboot-node" in text


async def test_json_says_the_same_to_programs(shown):
    devices = Simulated.parse("2xH100-80GB-SXM", "n")
    gpu = (await devices.inventory()).gpus[0].uuid
    devices.report_xid(gpu, 79)
    code, text = await shown(devices, "json")
    told = json.loads(text)
    assert code == UNFIT
    assert [each["verdict"] for each in told["gpus"]] == ["failed", "healthy"]
    assert told["gpus"][0]["findings"][0]["action"] == "reboot-node"
    assert told["gpus"][1]["reading"]["power_milliwatts"] == 70000
    assert told["links"][0]["kind"] == "nvlink"
    assert told["error"] is None


async def test_mig_instances_stand_under_their_gpu(shown, node, gpu_line):
    node.says(gpu_line(0, mig=1), "mig gpu=0 gi=1 uuid=MIG-a name=NVIDIA_H100_MIG_3g.40gb memory=42949672960")
    code, text = await shown(node.open(), "table")
    assert code == OK
    assert "3g.40gb, 40 GiB" in text


async def test_a_gpu_that_tells_nothing_is_listed_too(shown, node, gpu_line):
    node.kernel_lists("0000:1b:00.0", "0000:1c:00.0")
    node.says(gpu_line(0), gpu_line(1, handle_error=999))
    code, text = await shown(node.open(), "json")
    assert code == UNFIT
    assert [each["gpu"] for each in json.loads(text)["unreadable_gpus"]] == ["0000:1c:00.0"]
    assert "0000:1c:00.0" in (await shown(node.open(), "table"))[1]


@pytest.mark.parametrize("output", ["table", "json"])
async def test_a_node_without_a_driver_offers_none_and_that_is_fine(shown, tmp_path, output):
    devices = Supervised(Supervision(library_folder=str(tmp_path)))
    code, text = await shown(devices, output)
    await devices.close()
    assert code == OK
    assert "No NVIDIA driver on this node" in text


async def test_devices_that_cannot_be_read_are_an_error_in_words(shown, node, gpu_line):
    node.says(gpu_line(0), "init code=18")
    code, text = await shown(node.open(), "json")
    assert code == UNREADABLE
    assert json.loads(text)["gpus"] is None
    assert "Reboot the node" in json.loads(text)["error"]
