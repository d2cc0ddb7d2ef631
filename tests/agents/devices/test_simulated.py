"""Simulated GPUs: what may be asked for, and what is given."""

from collections import Counter

import pytest
from bostan_agent.devices.errors import BadSimulation
from bostan_agent.devices.holders import find_holders
from bostan_agent.devices.models import MODELS
from bostan_agent.devices.simulated import GPUS_MAX, Simulated, parse_simulation


def names(text: str, node: str = "n") -> Counter[str]:
    return Counter(each.gpu.name for each in parse_simulation(text, node))


def uuids(text: str, node: str) -> list[str]:
    return [each.gpu.uuid for each in parse_simulation(text, node)]


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("8xH100-80GB-SXM", {"NVIDIA H100 80GB HBM3": 8}),
        ("4xA100-80GB,8xT4-16GB", {"NVIDIA A100 80GB PCIe": 4, "Tesla T4": 8}),
        (" 1 x t4-16gb , 2X l4-24gb", {"Tesla T4": 1, "NVIDIA L4": 2}),
        ("1xT4-16GB,1xT4-16GB", {"Tesla T4": 2}),
    ],
)
def test_a_description_gives_those_gpus(text, gpus):
    assert names(text) == gpus


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_had(model):
    (each,) = parse_simulation(f"1x{model}", "n")
    assert each.gpu.memory_bytes == each.model.memory_mebibytes << 20


@pytest.mark.parametrize(
    "text", ["", "H100", "8xH200", "0xT4-16GB", "-1xT4-16GB", "1xT4-16GB,", "1,5xT4-16GB", "8"]
)
def test_another_text_gets_one_error_with_the_known_models(text):
    with pytest.raises(BadSimulation, match="Known models: B200") as caught:
        parse_simulation(text, "n")
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_there_are_no_more_gpus_than_a_node_can_hold():
    assert len(parse_simulation(f"{GPUS_MAX}xT4-16GB", "n")) == GPUS_MAX
    with pytest.raises(BadSimulation, match="asks for 65 GPUs; a node has at most 64"):
        parse_simulation(f"{GPUS_MAX}xT4-16GB,1xL4-24GB", "n")


def test_a_node_keeps_its_uuids_and_shares_them_with_no_other():
    assert uuids("4xT4-16GB", "a") == uuids("4xT4-16GB", "a")
    everywhere = [uuid for node in ("a", "b", "c") for uuid in uuids("4xT4-16GB,4xL4-24GB", node)]
    assert len(set(everywhere)) == len(everywhere)


async def test_nvlinks_join_gpus_of_one_model_only():
    devices = Simulated.parse("2xH100-80GB-SXM,2xA100-40GB-SXM,2xT4-16GB", "n")
    links = Counter((link.kind.value, link.nvlinks) for link in (await devices.inventory()).links)
    assert links == {("nvlink", 18): 1, ("nvlink", 12): 1, ("phb", 0): 13}


async def test_energy_is_what_was_drawn_and_load_shows(holder, here):
    now = [100.0]
    gpus = parse_simulation("1xT4-16GB", here)
    devices = Simulated(gpus, clock=lambda: now[0])
    (idle,) = (await devices.telemetry()).readings
    process = holder(gpus[0].gpu.uuid)
    now[0] += 60
    (busy,) = (await devices.telemetry()).readings
    now[0] += 60
    (later,) = (await devices.telemetry()).readings
    assert (idle.energy_millijoules, busy.energy_millijoules) == (0, 60 * 10_000)
    assert later.energy_millijoules - busy.energy_millijoules == 60 * busy.power_milliwatts == 60 * 56_000
    assert (idle.utilisation_percent, idle.processes) == (0, ())
    assert busy.utilisation_percent > 90
    assert [held.pid for held in busy.processes] == [process.pid]
    assert busy.temperature_celsius > idle.temperature_celsius


def test_a_process_that_names_many_gpus_holds_each_and_one_that_names_none_holds_none(holder, here):
    one, other = uuids("2xT4-16GB", here)
    both, none = holder(f"{one},{other}"), holder("")
    found = find_holders([one, other])
    assert found == {one: {both.pid}, other: {both.pid}}
    assert none.pid not in found[one]


def test_a_dead_process_that_nobody_reaped_holds_nothing(holder, here):
    (one,) = uuids("1xT4-16GB", here)
    process = holder(one)
    process.kill()
    process.stdout.read()
    deadline_reads = 1000
    while find_holders([one])[one] and deadline_reads:
        deadline_reads -= 1
    assert find_holders([one]) == {one: frozenset()}


def test_with_too_many_processes_to_look_through_nothing_is_claimed():
    (one,) = uuids("1xT4-16GB", "crowd")
    assert find_holders([one], processes_max=0) == {}


async def test_telemetry_then_says_that_it_cannot_tell_processes(monkeypatch):
    monkeypatch.setattr("bostan_agent.devices.simulated.find_holders", lambda uuids: {})
    (reading,) = (await Simulated.parse("1xT4-16GB", "n").telemetry()).readings
    assert (reading.processes, reading.utilisation_percent) == (None, 0)
