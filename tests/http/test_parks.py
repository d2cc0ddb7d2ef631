"""Parks, their nodes and GPUs: what there is, who holds it, how it does, and what operators do about it."""

import pytest
from bostan import api
from bostan_scheduler.board import GpuReading
from bostan_scheduler.core.node import Verdict
from bostan_scheduler.core.reports import HealthReported


async def node(rest, node_id="p/a"):
    return api.Node.model_validate(await rest.seen("operator", f"/v1/nodes/{node_id}"))


async def states(rest):
    return [gpu["state"] for gpu in (await rest.seen("admin", "/v1/gpus"))["items"]]


async def test_a_park_is_added_and_can_be_named_anew(rest):
    answer = await rest.post("admin", "/v1/parks", {"id": "r", "name": "Rasht"})
    assert (answer.status_code, answer.json()["name"]) == (201, "Rasht")
    assert (await rest.post("admin", "/v1/parks", {"id": "r", "name": "Roud"})).json()["name"] == "Roud"
    assert [park["id"] for park in (await rest.seen("member", "/v1/parks"))["items"]] == ["p", "q", "r"]
    answer = await rest.post("admin", "/v1/parks", {"id": "r/x"})
    assert (answer.status_code, answer.json()["field"]) == (422, "id")


async def test_parks_count_what_they_have(rest):
    rest.story.connect("p/a", 4)
    rest.story.connect("p/b", 2)
    await rest.run(rank={"gpus": 3})
    rest.story.wait(60, hears="p/a")
    park = (await rest.seen("owner", "/v1/parks"))["items"][0]
    counted = {"nodes": 2, "nodes_silent": 1, "gpus": 6, "gpus_free": 1}
    assert park == {"id": "p", "name": "", **counted, "windows": []}


async def test_capacity_is_what_could_ever_be_placed(rest):
    rest.story.connect("p/a", 4)
    rest.story.connect("p/b", 2)
    await rest.run(rank={"gpus": 4})
    (found,) = (await rest.seen("member", "/v1/capacity"))["classes"]
    assert (found["park"], found["gpu_class"], found["gpus"], found["gpus_per_node"]) == ("p", "a100", 6, 4)


async def test_capacity_says_what_nodes_have_beside_their_gpus(rest):
    for node, gpus in (("p/a", 4), ("p/b", 4), ("p/c", 2), ("q/a", 0)):
        rest.story.connect(node, gpus)
    kinds = (await rest.seen("member", "/v1/capacity"))["nodes"]
    told = {(kind["park"], kind["gpu_class"], kind["gpus"]): kind["nodes"] for kind in kinds}
    assert told == {("p", None, 0): 3, ("p", "a100", 4): 2, ("p", "a100", 2): 1, ("q", None, 0): 1}
    assert {(kind["cpus"], kind["memory_bytes"]) for kind in kinds} == {(64, 512 * 2**30)}


async def test_a_node_and_its_gauges(rest):
    rest.story.connect("p/a", 2)
    rest.parts.telemetry.put("p/a", rest.story.now + 7, {"p/a:1": GpuReading(93, 2**33, 300_000, 61)})
    found = await node(rest)
    assert (found.state, found.cpus, found.last_heard_at) == ("ready", 64, rest.story.now + 7)
    assert found.gpus[0].utilisation_percent is None
    hot = found.gpus[1]
    gauges = (hot.utilisation_percent, hot.memory_used_bytes, hot.power_milliwatts, hot.temperature_celsius)
    assert gauges == (93, 2**33, 300_000, 61)


async def test_when_a_node_was_last_heard(rest):
    rest.story.connect("p/a")
    connected = rest.story.now
    rest.story.wait(20, hears="p/a")
    assert (await node(rest)).last_heard_at == rest.story.now
    rest.leader.away = True
    assert (await node(rest)).last_heard_at == connected


async def test_gpus_say_who_holds_them_and_what_keeps_work_away(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    verdicts = (
        (f"p/a:{n}", verdict, ("xid-79",)) for n, verdict in ((2, Verdict.FAILED), (3, Verdict.DRAINING))
    )
    rest.story.tell(HealthReported("p/a", tuple(verdicts)))
    gpus = [api.Gpu.model_validate(one) for one in (await rest.seen("operator", "/v1/gpus"))["items"]]
    assert [gpu.state for gpu in gpus] == ["held", "free", "unhealthy", "draining"]
    assert [gpu.job for gpu in gpus] == [job_id, None, None, None]
    assert gpus[2].findings == ("xid-79",)
    assert (await rest.seen("admin", "/v1/gpus", **{"class": "h100"}))["items"] == []
    assert len((await rest.seen("admin", "/v1/gpus", **{"class": "a100"}))["items"]) == 4
    rest.story.wait(60)
    assert set(await states(rest)) == {"silent"}


async def test_a_node_is_drained_and_opened_again(rest):
    rest.story.connect("p/a", 4)
    await rest.run()
    answer = await rest.post("operator", "/v1/nodes/p/a/drain", {"reason": "dust"})
    assert (answer.status_code, answer.json()["state"]) == (202, "draining")
    assert await states(rest) == ["held", "draining", "draining", "draining"]
    answer = await rest.post("operator", "/v1/nodes/p/a/undrain")
    assert answer.json()["state"] == "ready"


async def test_a_drain_can_move_work_away(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    await rest.post("admin", "/v1/nodes/p/a/drain", {"requeue": True})
    assert rest.story.read() == [f"stop {job_id}.1/0 p/a node-drained with checkpoint"]
    rest.story.exits(f"{job_id}.1/0", cause="stopped")
    assert (await node(rest)).state == "drained"


async def test_only_a_silent_node_is_declared_dead(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    answer = await rest.post("operator", "/v1/nodes/p/a/confirm-dead")
    assert (answer.status_code, answer.json()["remedy"]) == (409, "drain it instead")
    rest.story.wait(60)
    answer = await rest.post("operator", "/v1/nodes/p/a/confirm-dead")
    assert (answer.status_code, answer.json()["state"]) == (202, "silent")
    assert (await rest.seen("owner", f"/v1/jobs/{job_id}"))["state"] == "queued"


@pytest.mark.parametrize("order", ["", "/drain", "/undrain", "/confirm-dead"])
async def test_a_node_that_is_not_there(rest, order):
    answer = await rest.ask("operator", "POST" if order else "GET", f"/v1/nodes/p/none{order}")
    assert answer.status_code == 404
    assert answer.json()["remedy"]


async def test_a_device_counts_as_the_class_that_the_document_gives_it(rest, new_document):
    rest.story.connect("p/a", 2)
    document = new_document(gpu_classes={"mine": ["a100"]})
    await rest.ask("admin", "PUT", "/v1/quotas/document", json=document)
    assert {one["gpu_class"] for one in (await rest.seen("admin", "/v1/gpus"))["items"]} == {"mine"}
    assert (await rest.seen("member", "/v1/capacity"))["classes"][0]["gpu_class"] == "mine"


async def test_long_lists_come_in_pages(small):
    for name in "edcba":
        small.story.connect(f"p/{name}", 1)
    first = await small.seen("admin", "/v1/nodes")
    second = await small.seen("admin", "/v1/nodes", cursor=first["next_cursor"], limit=3)
    assert [one["name"] for one in first["items"] + second["items"]] == list("abcde")
    assert second["next_cursor"] is None
