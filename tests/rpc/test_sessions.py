"""A node's session: hello, welcome, what is wanted of it, heartbeats, its newest session, its end."""

import asyncio

import grpc
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import device_pb2 as device
from bostan_scheduler.core.reports import DrainAsked, UndrainAsked
from bostan_scheduler.service.messages import AskHeard, Tell
from link import Centre, boottime_ns, refusal, until


async def test_a_node_is_welcomed_and_known(centre: Centre) -> None:
    async with centre.node(gpus=2) as node:
        call = await node.connect()
        welcome = node.heard[0].welcome
        assert (welcome.node_id, welcome.protocol_major, welcome.journal_acked_seq) == ("p/n1", 1, 0)
        assert (welcome.leader_epoch, welcome.heartbeat_interval_ms) == (1, 200)
        known = centre.store.node("p/n1")
        assert known is not None
        assert [(gpu.uuid, gpu.default_class) for gpu in known.gpus] == [
            (one, "h100-80g-sxm") for one in node.uuids
        ]
        assert (await node.next(call, "desired")).complete


async def test_a_job_runs_to_success(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1", gpus=2, command=("train", "--fast"), env=(("SEED", "7"),))
        entry = await node.want(call, "offer")
        assert (entry.id.attempt_id, list(entry.offer.argv), dict(entry.offer.env)) == (
            "j1.1",
            ["train", "--fast"],
            {"SEED": "7"},
        )
        assert sorted(entry.offer.gpu_uuids) == sorted(node.uuids)
        await node.say(call, entry, accepted={"address": "127.0.0.1", "port": 4000})
        start = await node.want(call, "start")
        assert [(one.address, one.port) for one in start.start.addresses] == [("127.0.0.1", 4000)]
        await node.say(call, start, started={"pid": 1})
        assert centre.attempt("j1") == "Running"
        await node.exit(call, start)
        assert centre.phase("j1") == "Succeeded"


async def test_heartbeats_are_answered_and_the_node_stays_heard(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        for _ in range(3):
            before = boottime_ns()
            assert await node.beat(call) >= before
        reading = device.GpuTelemetry(uuid=node.uuids[0], utilisation_percent=97, power_milliwatts=2**31)
        await node.beat(call, (reading,))
        shown = centre.board.of("p/n1")
        assert shown is not None
        assert shown.gpus[node.uuids[0]].utilisation_percent == 97
        assert shown.gpus[node.uuids[0]].power_milliwatts is None
        at = dict((await centre.leader.ask(AskHeard())).at)["p/n1"]  # type: ignore[union-attr]
        await node.beat(call)
        await until(lambda: centre.leader.service.snapshot.heard["p/n1"] > at)
        call.cancel()
        await until(lambda: centre.board.of("p/n1") is None)


async def test_a_drain_is_said_on_connect_and_on_change(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        assert not (await node.next(call, "drain")).draining
        await centre.leader.ask(Tell(DrainAsked("p/n1", "op", "a new fan", requeue=False)))
        drain = await node.next(call, "drain")
        assert (drain.draining, drain.reason) == (True, "a new fan")
        call = await node.connect()
        assert (await node.next(call, "drain")).draining
        await centre.leader.ask(Tell(UndrainAsked("p/n1", "op")))
        assert not (await node.next(call, "drain")).draining


async def test_the_newest_session_replaces_the_older_and_gets_everything_anew(centre: Centre) -> None:
    async with centre.node() as node, centre.node(token=node.token) as again:
        first = await node.connect()
        await centre.submit("j1")
        await node.want(first, "offer")
        again.boot_id = node.boot_id
        second = await again.connect()
        code, why = await refusal(first)
        assert code is grpc.StatusCode.ABORTED
        assert "newer session" in why
        offered = await again.want(second, "offer")
        assert offered.id.attempt_id == "j1.1"


async def test_another_front_tells_that_a_session_is_replaced(centre: Centre) -> None:
    from bostan_scheduler.service.messages import Outbox

    async with centre.node() as node:
        call = await node.connect()
        await node.next(call, "desired")
        centre.gateway.sessions.send(Outbox(sessions=(("p/n1", "of-another-front"),)))
        assert (await refusal(call))[0] is grpc.StatusCode.ABORTED


async def test_without_a_leader_there_are_no_sessions_and_with_a_new_one_all_goes_on(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        await node.want(call, "offer")
        await centre.stop_leading()
        code, why = await refusal(call)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "dial again" in why
        centre.lead()
        await until(lambda: centre.gateway.sessions.listening)
        call = await node.connect()
        assert node.heard[0].welcome.leader_epoch == 2
        assert (await node.want(call, "offer")).id.attempt_id == "j1.1"


async def test_a_session_in_which_nothing_is_heard_is_closed(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        session = next(iter(centre.gateway.sessions))
        session.heard_at -= 10_000
        code, why = await refusal(call)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "nothing was heard" in why


async def test_the_agent_may_end_its_session(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await call.done_writing()
        assert (await refusal(call))[0] is grpc.StatusCode.OK
        await until(lambda: len(centre.gateway.sessions) == 0)


async def test_a_front_that_stops_sends_its_agents_away(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        stopping = asyncio.ensure_future(centre.gateway.stop(2))
        code, why = await refusal(call)
        await stopping
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "dial again" in why


async def test_no_park_takes_the_gpus_of_another_by_naming_them(centre: Centre) -> None:
    async with centre.node() as node, centre.node(park="q") as greedy:
        await node.connect()
        greedy.uuids.append(node.uuids[0])
        await greedy.connect()
        known = centre.store.node("q/n1")
        assert known is not None
        assert [gpu.uuid for gpu in known.gpus] == greedy.uuids[:2]
        assert known.problems == (f"{node.uuids[0]} is left out: p/n1 has it too",)


async def test_a_message_of_a_newer_release_is_passed_over(centre: Centre) -> None:
    async with centre.node() as node:
        newer = wire.AgentMessage()
        newer.MergeFromString(b"\xfa\x7f\x03abc")  # field 2047, which this release does not have
        call = node.dial()
        await call.write(newer)
        await call.write(wire.AgentMessage(hello=node.hello()))
        await call.write(newer)
        await call.write(wire.AgentMessage(actual=wire.ActualSet()))
        await node.next(call, "welcome")
        await call.write(newer)
        assert await node.beat(call)


@pytest.mark.parametrize("leaving", ["a session", "no session"])
async def test_the_link_stops_in_time(centre: Centre, leaving: str) -> None:
    async with centre.node() as node:
        if leaving == "a session":
            await node.connect()
        async with asyncio.timeout(5):
            await centre.gateway.stop(0.2)
