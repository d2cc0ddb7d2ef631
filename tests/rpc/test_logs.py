"""Logs on their way in: kept by offset, resent at no harm, and only by the park that was given the rank."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.rpc.limits import LinkLimits
from link import Centre, Node, refusal


@asynccontextmanager
async def log_stream(centre: Centre) -> AsyncIterator[tuple[Node, Any, ranks.RankId]]:
    """A stream of logs from a node that runs a rank."""
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        entry = await node.run(call)
        yield node, node.stub.PushLog(metadata=node.metadata), entry.id


async def kept(stream: Any, rank: ranks.RankId, offset: int, data: bytes = b"", *, end: bool = False) -> int:
    await stream.write(wire.LogChunk(id=rank, offset=offset, data=data, end=end))
    stored = await stream.read()
    assert stored.id == rank
    return int(stored.next_offset)


def text_of(centre: Centre) -> tuple[bytes, bool]:
    found = centre.files.logs.read("j1.1", 0, 0, 10_000)
    return found.data, found.complete


async def test_a_log_comes_in_parts_and_ends(centre: Centre) -> None:
    async with log_stream(centre) as (_, stream, rank):
        assert await kept(stream, rank, 0) == 0  # how far is it kept?
        assert await kept(stream, rank, 0, b"one\n") == 4
        assert await kept(stream, rank, 0, b"one\ntwo\n") == 8  # resent, and more
        assert text_of(centre) == (b"one\ntwo\n", False)
        assert await kept(stream, rank, 8, b"three\n", end=True) == 14
        assert text_of(centre) == (b"one\ntwo\nthree\n", True)
        assert await kept(stream, rank, 0) == 14


async def test_bytes_that_come_too_early_are_asked_for_in_order(centre: Centre) -> None:
    async with log_stream(centre) as (_, stream, rank):
        assert await kept(stream, rank, 4, b"two\n") == 0
        assert await kept(stream, rank, 8, b"three\n") == 0  # was under way already
        assert await kept(stream, rank, 0, b"one\n") == 4
        assert await kept(stream, rank, 4, b"two\n") == 8
        assert text_of(centre) == (b"one\ntwo\n", False)


async def test_bytes_that_the_node_has_no_more_leave_a_gap(centre: Centre) -> None:
    async with log_stream(centre) as (_, stream, rank):
        assert await kept(stream, rank, 100, b"late\n") == 0
        assert await kept(stream, rank, 100, b"late\n") == 105  # it went back, and this is all that there is
        assert await kept(stream, rank, 105, b"later\n") == 111
        assert centre.files.logs.read("j1.1", 0, 0, 100).offset == 100


async def test_an_end_beyond_what_is_kept_is_an_end(centre: Centre) -> None:
    async with log_stream(centre) as (_, stream, rank):
        assert await kept(stream, rank, 0, b"one\n") == 4
        assert await kept(stream, rank, 50, end=True) == 50
        assert text_of(centre) == (b"one\n", True)


async def test_the_log_of_an_attempt_that_nobody_knows_is_dropped_and_the_others_go_on(
    centre: Centre,
) -> None:
    async with log_stream(centre) as (_, stream, rank):
        assert await kept(stream, ranks.RankId(attempt_id="gone.1"), 0, b"lost\n", end=True) == 5
        assert await kept(stream, rank, 0, b"one\n") == 4
        assert centre.files.logs.next_offset("gone.1", 0) == 0


async def test_a_park_does_not_write_into_the_logs_of_another(centre: Centre) -> None:
    async with log_stream(centre) as (_, _, rank), centre.node(park="q") as other:
        stream = other.stub.PushLog(metadata=other.metadata)
        await stream.write(wire.LogChunk(id=rank, data=b"forged\n"))
        code, why = await refusal(stream)
        assert (code, "not given to q" in why) == (grpc.StatusCode.PERMISSION_DENIED, True)
        assert text_of(centre) == (b"", False)


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        pytest.param(wire.LogChunk(id=ranks.RankId(attempt_id="../x")), "INVALID_ARGUMENT", id="a path"),
        pytest.param(
            wire.LogChunk(id=ranks.RankId(attempt_id="j1.1", rank=1)), "PERMISSION_DENIED", id="no such rank"
        ),
        pytest.param(
            wire.LogChunk(id=ranks.RankId(attempt_id="j1.1"), offset=2**63, data=b"x"),
            "INVALID_ARGUMENT",
            id="far away",
        ),
        pytest.param(
            wire.LogChunk(
                id=ranks.RankId(attempt_id="j1.1"), data=bytes(LinkLimits().log_chunk_bytes_max + 1)
            ),
            "RESOURCE_EXHAUSTED",
            id="too much at once",
        ),
    ],
)
async def test_a_chunk_that_cannot_be(centre: Centre, chunk: wire.LogChunk, code: str) -> None:
    async with log_stream(centre) as (node, stream, rank):
        await stream.write(chunk)
        assert (await refusal(stream))[0].name == code
        assert await kept(node.stub.PushLog(metadata=node.metadata), rank, 0, b"one\n") == 4
