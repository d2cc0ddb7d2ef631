"""Who gets in: agents with a park's token in force, as nodes of that park."""

import asyncio
import hashlib
import time

import grpc
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from link import LIMITS, Centre, Node, refusal, until


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        pytest.param(None, "UNAUTHENTICATED", "no token came", id="none"),
        pytest.param("Basic eDp5", "UNAUTHENTICATED", "no token came", id="of another kind"),
        pytest.param("Bearer ", "UNAUTHENTICATED", "1 to 512", id="an empty one"),
        pytest.param("Bearer " + "x" * 513, "UNAUTHENTICATED", "1 to 512", id="an endless one"),
        pytest.param("Bearer guessed", "UNAUTHENTICATED", "not known", id="a guessed one"),
    ],
)
async def test_a_token_that_is_none(centre: Centre, header: str | None, code: str, said: str) -> None:
    async with centre.node() as node:
        metadata = (("authorization", header),) if header is not None else ()
        for call in (node.stub.Session(metadata=metadata), node.stub.PushLog(metadata=metadata)):
            end = await refusal(call)
            assert (end[0].name, said in end[1]) == (code, True), end
        for unary in (
            node.stub.BlobStatus(wire.BlobQuery(sha256="0" * 64), metadata=metadata),
            node.stub.FetchBlob(wire.BlobRange(sha256="0" * 64), metadata=metadata),
            node.stub.PushBlob(metadata=metadata),
        ):
            assert (await unary.code()).name == code


@pytest.mark.parametrize(
    ("role", "park", "expires_at", "code", "said"),
    [
        pytest.param("admin", None, None, "PERMISSION_DENIED", "no park's token", id="an administrator's"),
        pytest.param("operator", "p", None, "PERMISSION_DENIED", "no park's token", id="an operator's"),
        pytest.param("park", "p", 1, "UNAUTHENTICATED", "expired", id="an expired one"),
        pytest.param("park", "nowhere", None, "FAILED_PRECONDITION", "no park nowhere", id="of no park"),
    ],
)
async def test_a_token_that_does_not_go_so_far(
    centre: Centre, role: str, park: str | None, expires_at: int | None, code: str, said: str
) -> None:
    token = centre.token(park, role, expires_at=expires_at)
    async with centre.node(token=token) as node:
        end = await present(node)
        assert (end[0].name, said in end[1]) == (code, True), end


async def present(node: Node) -> tuple[grpc.StatusCode, str]:
    call = node.dial()
    await call.write(wire.AgentMessage(hello=node.hello()))
    await call.write(wire.AgentMessage(actual=wire.ActualSet()))
    return await refusal(call)


async def test_the_park_is_the_tokens_whatever_the_agent_thinks(centre: Centre) -> None:
    async with centre.node(token=centre.token("q")) as node:
        await node.connect()
        assert node.heard[0].welcome.node_id == "q/n1"
        call = node.stub.Session(metadata=(*node.metadata, ("bostan-park", "p")))
        code, why = await refusal(call)
        assert (code, "another park than 'p'" in why) == (grpc.StatusCode.PERMISSION_DENIED, True)


async def test_a_session_ends_when_its_token_is_revoked(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre.node() as node:
        call = await node.connect()
        row = centre.store.token(hashlib.sha256(node.token.encode()).hexdigest())
        assert row is not None
        assert centre.store.revoke_token(row.id, 1)
        ahead = time.monotonic() + LIMITS.token_seconds + 1
        monkeypatch.setattr(
            centre.gateway.gate._rows, "_clock", lambda: ahead
        )  # the answer remembered is old now
        code, why = await refusal(call)
        assert (code, "revoked" in why) == (grpc.StatusCode.UNAUTHENTICATED, True)
        await until(lambda: len(centre.gateway.sessions) == 0)


async def test_many_with_wrong_tokens_cost_little(centre: Centre) -> None:
    async with centre.node() as node:
        node.token = "guessed"
        codes = await asyncio.gather(*(node.dial().code() for _ in range(200)))
        # Calls beyond what a connection may have at once are turned away unseen.
        assert set(codes) - {grpc.StatusCode.UNAVAILABLE} == {grpc.StatusCode.UNAUTHENTICATED}
        node.token = centre.token("p")
        await node.connect()
