"""What happens to a node's GPUs reaches the centre, and keeps offers away from GPUs that are not fit."""

import pytest
from bostan_agent import agent as whole_agent
from bostan_agent.devices.port import GpuChanged
from bostan_agent.devices.simulated import Simulated


@pytest.fixture
def devices(monkeypatch):
    """The simulated devices of the agent that is started next."""
    made = Simulated.parse("2xH100-80GB-SXM", "tehran/node")
    monkeypatch.setattr(whole_agent, "devices_of", lambda settings: made)
    return made


def health_records(centre):
    return [record.health for record in centre.records.values() if record.WhichOneof("body") == "health"]


async def test_a_gpu_that_fell_off_the_bus_is_told_and_gets_no_offer(centre, agents, wait_for, devices):
    await agents()
    first, second = (gpu.uuid for gpu in centre.hellos[0].inventory.gpus)
    devices.report_xid(first, 79)
    told = await wait_for(lambda: health_records(centre), "a health record")
    assert {verdict.uuid: verdict.verdict for verdict in told[0].verdicts} == {first: 4, second: 1}
    assert [(finding.gpu_uuid, finding.code) for finding in told[0].findings] == [(first, "xid-79")]
    await centre.want(centre.offer("a1", "true", gpu_uuids=[first]))
    assert (await centre.heard("a1", "refused")).reason == "gpu-unhealthy"
    await centre.accepted("a2", "true", gpu_uuids=[second])


async def test_a_finding_waits_while_the_journal_is_full(centre, agents, wait_for, devices):
    await agents(journal_records_max=1)
    centre.acknowledging = False
    await centre.want(centre.offer("a1", "true"))
    await wait_for(lambda: len(centre.received) == 1)
    devices.report_xid(centre.hellos[0].inventory.gpus[0].uuid, 79)
    await wait_for(lambda: any(beat.journal_unacked == 1 for beat in centre.heartbeats))
    centre.acknowledging = True
    await centre.stop()
    await centre.start(centre.port)
    devices.report_xid(centre.hellos[0].inventory.gpus[1].uuid, 79)
    await wait_for(lambda: health_records(centre), "the health record")


async def test_a_node_whose_gpus_change_says_hello_anew(centre, agents, wait_for, devices, monkeypatch):
    await agents()
    before = await devices.inventory()

    async def fewer():
        return type(before)(before.driver_version, None, before.gpus[:1])

    monkeypatch.setattr(devices, "inventory", fewer)
    devices._mailbox.put(GpuChanged(before.gpus[1].uuid, "unavailable", 0.0))
    await wait_for(lambda: len(centre.hellos) == 2, "another hello")
    assert len(centre.hellos[1].inventory.gpus) == 1
