"""Every limit of the link, reached."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkStub
from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.desired import DesiredRank, DesiredSet, WantRelease
from bostan_scheduler.errors import UnsafeAddress
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.rate import Rate
from bostan_scheduler.rpc.remembered import Remembered
from bostan_scheduler.rpc.server import Tls, is_loopback, options, start_gateway
from bostan_scheduler.rpc.translate.clock import BootClock
from bostan_scheduler.rpc.translate.desired import desired_messages
from bostan_scheduler.service.messages import Outbox
from link import LIMITS, Centre, Node, refusal, until


@asynccontextmanager
async def limited(folder: Path, **limits: Any) -> AsyncIterator[Centre]:
    centre = Centre.at(folder, limits=replace(LIMITS, **limits))
    await centre.start()
    await centre.allow()
    try:
        yield centre
    finally:
        await centre.stop()


async def turned_away(node: Node) -> tuple[str, str]:
    call = node.dial()
    await call.write(wire.AgentMessage(hello=node.hello()))
    await call.write(wire.AgentMessage(actual=wire.ActualSet()))
    code, why = await refusal(call)
    return code.name, why


async def test_sessions_of_a_front(tmp_path: Path) -> None:
    async with (
        limited(tmp_path, sessions_max=1) as centre,
        centre.node("n1") as node,
        centre.node("n2") as other,
    ):
        call = await node.connect()
        code, why = await turned_away(other)
        assert (code, "as many as it may" in why) == ("RESOURCE_EXHAUSTED", True)
        call.cancel()
        await until(lambda: len(centre.gateway.sessions) == 0)
        await other.connect()


async def test_nodes_of_a_park(tmp_path: Path) -> None:
    async with (
        limited(tmp_path, nodes_per_park_max=1) as centre,
        centre.node("n1") as node,
        centre.node("n2") as other,
    ):
        await node.connect()
        code, why = await turned_away(other)
        assert (code, "as many as a park may" in why) == ("RESOURCE_EXHAUSTED", True)
        await node.connect()
        other.park, other.token = "q", centre.token("q")
        await other.connect()


async def test_a_node_that_does_not_read_loses_its_session(tmp_path: Path) -> None:
    async with limited(tmp_path, outbox_messages_max=5, silence_seconds=60) as centre, centre.node() as node:
        call = await node.connect()
        await until(lambda: centre.gateway.sessions.is_open("p/n1"))
        release = DesiredRank("j1.1", 0, Fencing(1, 1), WantRelease("x" * 500_000))
        flood = Outbox(desired=(DesiredSet("p/n1", (release,), complete=False),))
        while len(centre.gateway.sessions):
            centre.gateway.sessions.send(flood)
            await asyncio.sleep(0)
        code, why = await refusal(call)
        assert (code, "wait to be read" in why) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)
        call = await node.connect()
        assert await node.beat(call)


async def test_a_set_that_is_too_large_for_a_message_comes_in_parts() -> None:
    many = tuple(
        DesiredRank(f"j{number}.1", 0, Fencing(1, number), WantRelease("peer-ended")) for number in range(100)
    )
    clock = BootClock(1, 1)
    whole = list(desired_messages(DesiredSet("p/n1", many, complete=True), clock, 100_000, pytest.fail))
    assert [(len(one.desired.ranks), one.desired.complete) for one in whole] == [(100, True)]
    parts = list(desired_messages(DesiredSet("p/n1", many, complete=True), clock, 1_000, pytest.fail))
    assert len(parts) > 3
    assert not any(one.desired.complete for one in parts)
    assert max(one.ByteSize() for one in parts) <= 1_000
    assert [rank.id.attempt_id for one in parts for rank in one.desired.ranks] == [
        one.attempt_id for one in many
    ]


async def test_one_want_that_no_message_can_carry_does_not_hold_up_the_others() -> None:
    odd = DesiredRank("j1.1", 0, Fencing(1, 1), WantRelease("\ud800"))
    good = DesiredRank("j2.1", 0, Fencing(1, 2), WantRelease("peer-ended"))
    unsaid: list[str] = []
    messages = desired_messages(
        DesiredSet("p/n1", (odd, good), complete=True),
        BootClock(1, 1),
        1_000,
        lambda rank, _: unsaid.append(rank.attempt_id),
    )
    (message,) = messages
    assert [one.id.attempt_id for one in message.desired.ranks] == ["j2.1"]
    assert unsaid == ["j1.1"]


@pytest.mark.parametrize(
    ("listen", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("127.0.0.1.example.org:1", False),
        (":1", False),
    ],
)
def test_what_only_this_machine_reaches(listen: str, loopback: bool) -> None:
    assert is_loopback(listen) is loopback


async def test_beyond_this_machine_only_with_tls_or_on_purpose(centre: Centre) -> None:
    open_to_all = replace(centre.parts, listen="0.0.0.0:0")
    with pytest.raises(UnsafeAddress, match="--insecure"):
        await start_gateway(open_to_all)
    gateway = await start_gateway(replace(open_to_all, insecure=True))
    await gateway.stop(0)


async def test_an_address_that_is_taken_or_is_none(centre: Centre) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OSError, match=f"cannot listen for agents on {taken}"):
            await start_gateway(replace(centre.parts, listen=taken))
    with pytest.raises(OSError, match="no port"):
        await start_gateway(replace(centre.parts, listen="127.0.0.1:70000"))


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate for localhost."""
    openssl = shutil.which("openssl") or pytest.skip(
        "openssl is not installed, so no certificate can be made"
    )
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    command = [openssl, "req", "-x509", *curve, *subject, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return Tls(certificate.read_bytes(), key.read_bytes())


async def test_over_tls(centre: Centre, tls: Tls) -> None:
    gateway = await start_gateway(replace(centre.parts, listen="0.0.0.0:0", tls=tls))
    credentials = grpc.ssl_channel_credentials(tls.certificate_chain)
    async with grpc.aio.secure_channel(f"localhost:{gateway.port}", credentials) as channel:
        stub: Any = AgentLinkStub(channel)
        metadata = (("authorization", f"Bearer {centre.token('p')}"),)
        assert not (await stub.BlobStatus(wire.BlobQuery(sha256="0" * 64), metadata=metadata)).complete
    await gateway.stop(0)


def test_the_options_that_hold_the_line() -> None:
    chosen = dict(options(LIMITS))
    assert chosen["grpc.http2.min_ping_interval_without_data_ms"] < 20_000  # an agent pings so often
    assert chosen["grpc.max_receive_message_length"] == 16 * 2**20
    assert chosen["grpc.server.max_pending_requests"] == chosen["grpc.server.max_pending_requests_hard_limit"]


def test_a_rate_has_a_burst_and_a_long_run() -> None:
    now = [0.0]
    rate = Rate(3, 2.0, lambda: now[0])
    assert [rate.step() for _ in range(4)] == [True, True, True, False]
    now[0] = 1.0
    assert [rate.step() for _ in range(3)] == [True, True, False]


async def test_answers_are_remembered_for_a_while_and_not_too_many() -> None:
    now, asked = [0.0], list[str]()

    async def ask(key: str) -> str | None:
        asked.append(key)
        return None if key == "none" else key.upper()

    remembered: Remembered[str, str] = Remembered(10, 2, lambda: now[0])
    assert [await remembered.get(key, ask) for key in ("a", "a", "none", "none")] == ["A", "A", None, None]
    assert asked == ["a", "none", "none"]
    now[0] = 10
    await remembered.get("a", ask)
    assert asked[-1] == "a"
    for key in "bcd":
        await remembered.get(key, ask)
    assert len(remembered) == 2


def test_a_flood_of_warnings_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    notices = Notices(60, 2, lambda: now[0])
    for _ in range(5):
        notices.warn("refused", "peer")
    now[0] = 61
    notices.warn("refused", "peer")
    for subject in "abc":
        notices.warn("refused", subject)
    said = capsys.readouterr().out
    assert said.count("subject=peer") == 2
    assert "times_before=4" in said
