"""Whatever comes in at the port is refused in words, and the service lives on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import device_pb2 as device
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.rpc.limits import LinkLimits
from link import LIMITS, Centre, Node, refusal, until

SESSION = "/bostan.agent.v1.AgentLink/Session"


@pytest.fixture(autouse=True)
async def alive(centre: Centre) -> AsyncIterator[None]:
    """After each of these, an honest node is still served."""
    yield
    async with centre.node("honest", park="q") as node:
        call = await node.connect()
        assert await node.beat(call)


def gpu(**words: Any) -> device.Gpu:
    return device.Gpu(**{"uuid": "GPU-00000000-0000-0000-0000-000000000000", "name": "x"} | words)


def inventory(hello: wire.Hello, *gpus: device.Gpu) -> None:
    hello.inventory.gpus.extend(gpus)


HELLOS: list[tuple[str, Callable[[wire.Hello], object], str]] = [
    ("an empty name", lambda hello: hello.ClearField("node_name"), "hello.node_name"),
    ("a name with a slash", lambda hello: setattr(hello, "node_name", "q/n1"), "hello.node_name"),
    ("an endless name", lambda hello: setattr(hello, "node_name", "n" * 64), "hello.node_name"),
    ("no boot id", lambda hello: setattr(hello, "boot_id", "yesterday"), "hello.boot_id"),
    ("no journal id", lambda hello: setattr(hello, "journal_id", "../x"), "hello.journal_id"),
    ("a clock beyond all clocks", lambda hello: setattr(hello, "boottime_ns", 2**64 - 1), "hello.boottime_ns"),
    ("an address with spaces", lambda hello: setattr(hello, "address", "a b"), "hello.address"),
    ("a label with a newline", lambda hello: hello.labels.update({"a\n": "b"}), "hello.labels"),
    ("too many labels", lambda hello: hello.labels.update({f"a{n}": "" for n in range(65)}), "at most 64"),
    ("a GPU by its index", lambda hello: inventory(hello, gpu(uuid="0")), "gpus.uuid"),
    ("a GPU twice", lambda hello: inventory(hello, gpu(), gpu()), "twice"),
    ("too many GPUs", lambda hello: inventory(hello, *[gpu()] * 65), "at most 64"),
    ("endless memory", lambda hello: inventory(hello, gpu(memory_bytes=2**63)), "memory_bytes"),
    ("an odd capability", lambda hello: inventory(hello, gpu(compute_capability="nine")), "compute_capability"),
    ("more CPUs than there are", lambda hello: setattr(hello.inventory, "cpus", 2**32 - 1), "cpus"),
    ("isolation in a sentence", lambda hello: setattr(hello.inventory, "isolation", "very good"), "isolation"),
    ("endless problems", lambda hello: hello.inventory.problems.extend(["x"] * 65), "problems"),
    ("a verdict on no GPU", lambda hello: hello.health.verdicts.add(uuid="all of them"), "verdicts.uuid"),
    ("endless findings", lambda hello: hello.health.findings.extend([device.HealthFinding()] * 257), "findings"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), [case[1:] for case in HELLOS], ids=[case[0] for case in HELLOS])
async def test_a_hello_that_cannot_be(
    centre: Centre, spoil: Callable[[wire.Hello], object], said: str
) -> None:
    async with centre.node() as node:
        hello = node.hello()
        spoil(hello)
        assert_refused(
            await first_words(node, wire.AgentMessage(hello=hello), actual()), "INVALID_ARGUMENT", said
        )
        assert not centre.store.nodes()


def actual(*held: ranks.ActualRank) -> wire.AgentMessage:
    return wire.AgentMessage(actual=wire.ActualSet(ranks=held))


def held(**words: Any) -> ranks.ActualRank:
    return ranks.ActualRank(
        **{"id": ranks.RankId(attempt_id="j1.1"), "state": ranks.RANK_STATE_RUNNING} | words
    )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        pytest.param(
            actual(held(id=ranks.RankId(attempt_id="../../etc"))), "attempt's id", id="a path as an attempt"
        ),
        pytest.param(
            actual(held(id=ranks.RankId(attempt_id="j1.1", rank=2**32 - 1))), "rank", id="a rank too many"
        ),
        pytest.param(actual(held(state=ranks.RANK_STATE_UNSPECIFIED)), "state 0", id="no state"),
        pytest.param(actual(held(state=99)), "state 99", id="a state of another release"),
        pytest.param(actual(held(), held()), "twice", id="a rank twice"),
        pytest.param(
            actual(held(fencing=ranks.Fencing(epoch=2**63))), "epoch", id="a fencing number beyond all"
        ),
        pytest.param(wire.AgentMessage(heartbeat=wire.Heartbeat()), "actual is due", id="a heartbeat"),
    ],
)
async def test_an_actual_set_that_cannot_be(centre: Centre, message: wire.AgentMessage, said: str) -> None:
    async with centre.node() as node:
        assert_refused(
            await first_words(node, wire.AgentMessage(hello=node.hello()), message), "INVALID_ARGUMENT", said
        )


async def first_words(node: Node, *messages: wire.AgentMessage) -> tuple[grpc.StatusCode, str]:
    call = node.dial()
    for message in messages:
        await call.write(message)
    return await refusal(call)


def assert_refused(end: tuple[grpc.StatusCode, str], code: str, said: str) -> None:
    assert (end[0].name, said in end[1]) == (code, True), end


async def test_another_major_version(centre: Centre) -> None:
    async with centre.node() as node:
        hello = node.hello()
        hello.protocol_major = 2
        end = await first_words(node, wire.AgentMessage(hello=hello))
        assert_refused(end, "FAILED_PRECONDITION", "install the agent of the centre's release")


async def test_a_newer_minor_version_is_taken(centre: Centre) -> None:
    async with centre.node() as node:
        hello = node.hello()
        hello.protocol_minor = 9
        call = node.dial()
        await call.write(wire.AgentMessage(hello=hello))
        await call.write(actual())
        await node.next(call, "welcome")


async def test_silence_before_the_hello(centre: Centre) -> None:
    async with centre.node() as node:
        assert_refused(await refusal(node.dial()), "UNAVAILABLE", "no hello")


async def test_a_hello_and_then_nothing_more(centre: Centre) -> None:
    async with centre.node() as node:
        call = node.dial()
        await call.write(wire.AgentMessage(hello=node.hello()))
        await call.done_writing()
        assert_refused(await refusal(call), "INVALID_ARGUMENT", "it ended where actual is due")


async def test_a_second_hello(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await call.write(wire.AgentMessage(hello=node.hello()))
        assert_refused(await refusal(call), "INVALID_ARGUMENT", "belongs to its beginning")


@pytest.mark.parametrize("welcomed", [False, True], ids=["as first words", "in a session"])
async def test_bytes_that_are_no_message(centre: Centre, welcomed: bool) -> None:
    async with centre.node() as node:
        raw = node.channel.stream_stream(SESSION, request_serializer=bytes, response_deserializer=bytes)
        call = raw(metadata=node.metadata)
        if welcomed:
            await call.write(wire.AgentMessage(hello=node.hello()).SerializeToString())
            await call.write(actual().SerializeToString())
            await call.read()
        await call.write(b"\xff" * 100)
        assert_refused(await refusal(call), "INVALID_ARGUMENT", "not one")


async def test_a_message_that_is_too_large(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        junk = wire.JournalRecord(seq=1, exited=ranks.Exited(detail="x" * LIMITS.message_bytes_max))
        await call.write(wire.AgentMessage(journal=wire.JournalRecords(records=[junk])))
        assert (await refusal(call))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        await until(lambda: len(centre.gateway.sessions) == 0)


async def test_a_flood_of_heartbeats(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        flood = asyncio.ensure_future(
            endless(call, wire.AgentMessage(heartbeat=wire.Heartbeat(boottime_ns=1)))
        )
        # Whoever still writes when its refusal comes sees a broken line instead.
        assert (await refusal(call))[0] in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
        await asyncio.gather(flood, return_exceptions=True)
        await until(lambda: len(centre.gateway.sessions) == 0)


async def endless(call: Any, message: wire.AgentMessage) -> None:
    while not call.done():
        await call.write(message)


async def test_a_heartbeat_of_no_clock(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await call.write(wire.AgentMessage(heartbeat=wire.Heartbeat(boottime_ns=2**64 - 1)))
        assert_refused(await refusal(call), "INVALID_ARGUMENT", "heartbeat.boottime_ns")


async def test_more_calls_on_a_connection_than_it_may_have_wait(centre: Centre) -> None:
    async with centre.node() as node:
        calls = [node.dial() for _ in range(LinkLimits().streams_per_connection_max + 10)]
        async with centre.node("n2") as other:
            await other.connect()
        for call in calls:
            call.cancel()


async def test_a_call_that_there_is_not(centre: Centre) -> None:
    async with centre.node() as node:
        nothing = node.channel.unary_unary("/bostan.agent.v1.AgentLink/Nothing")
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await nothing(b"", metadata=node.metadata)
        assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
