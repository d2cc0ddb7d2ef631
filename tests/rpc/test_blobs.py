"""Files on their way: in on behalf of a rank, resumable, checked by content; out to nodes that were offered a job with it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.core.job import Blob
from link import Centre, Node, until

DATA = bytes(range(256)) * 12_000  # three messages of a mebibyte
SHA = hashlib.sha256(DATA).hexdigest()


@asynccontextmanager
async def with_rank(centre: Centre) -> AsyncIterator[tuple[Node, Any, ranks.DesiredRank]]:
    """A node that runs a rank."""
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        yield node, call, await node.run(call)


async def chunks(
    rank: ranks.RankId, data: bytes = DATA, offset: int = 0, sha256: str = "", size: int | None = None
) -> AsyncIterator[wire.BlobChunk]:
    first = wire.BlobChunk(
        sha256=sha256 or hashlib.sha256(data).hexdigest(),
        size_bytes=len(data) if size is None else size,
        rank=rank,
    )
    for start in range(offset, max(len(data), offset + 1), 2**20):
        first.offset, first.data = start, data[start : start + 2**20]
        yield first
        first = wire.BlobChunk()


async def push(node: Node, rank: ranks.RankId, **words: Any) -> wire.BlobStored:
    stored: wire.BlobStored = await node.stub.PushBlob(chunks(rank, **words), metadata=node.metadata)
    return stored


async def fetch(node: Node, sha256: str, offset: int = 0) -> tuple[bytes, wire.BlobChunk]:
    call = node.stub.FetchBlob(wire.BlobRange(sha256=sha256, offset=offset), metadata=node.metadata)
    parts = [chunk async for chunk in call]
    for chunk in parts:
        assert chunk.offset == offset
        offset += len(chunk.data)
    return b"".join(chunk.data for chunk in parts), parts[0]


async def refused(work: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await work
    return failed.value.code().name, str(failed.value.details())


async def test_a_checkpoint_goes_in_and_comes_out_where_the_job_goes_on(centre: Centre) -> None:
    async with with_rank(centre) as (node, call, entry):
        stored = await push(node, entry.id)
        assert (stored.sha256, stored.stored_bytes, stored.complete) == (SHA, len(DATA), True)
        await node.say(call, entry, checkpoint_declared=ranks.CheckpointDeclared(number=1, step=5))
        blob = ranks.Blob(sha256=SHA, size_bytes=len(DATA))
        await node.say(call, entry, checkpoint_stored=ranks.CheckpointStored(number=1, step=5, blob=blob))
        await centre_requeues(centre)
        stop = await node.want(call, "stop")
        await node.exit(call, stop, cause="stopped")
        async with centre.node("n2", gpus=4) as other:
            again = await other.connect()
            await until(lambda: centre.attempt("j1") == "Offered")
            offers = {
                one.name: (one, entry.offer)
                for one, line in ((node, call), (other, again))
                if (entry := await offered(centre, one, line)) is not None
            }
            ((taker, offer),) = offers.values()
            assert offer.checkpoint.sha256 == SHA
            assert await fetch(taker, SHA) == (
                DATA,
                wire.BlobChunk(sha256=SHA, size_bytes=len(DATA), data=DATA[: 2**20]),
            )


async def centre_requeues(centre: Centre) -> None:
    from bostan_scheduler.core.reports import RequeueAsked
    from bostan_scheduler.service.messages import Done, Tell

    asked = RequeueAsked("j1", "ada", checkpoint=True, avoid_node=False)
    assert await centre.leader.ask(Tell(asked)) == Done()


async def offered(centre: Centre, node: Node, call: Any) -> ranks.DesiredRank | None:
    attempt = centre.store.newest_attempts(["j1"])["j1"]
    return await node.want(call, "offer", "j1.2") if attempt.places[0].node_id == node.id else None


async def test_a_work_directory_is_for_the_parks_that_were_offered_the_job(centre: Centre) -> None:
    centre.files.blobs.append(SHA, 0, len(DATA), DATA)
    async with centre.node() as node, centre.node(park="q", gpus=0) as other:
        call = await node.connect()
        await other.connect()
        assert (await refused(fetch(node, SHA)))[0] == "PERMISSION_DENIED"
        await centre.submit("j1", gpus=2, work_dir=Blob(SHA, len(DATA)))
        offer = await node.want(call, "offer")
        assert (offer.offer.work_dir.sha256, offer.offer.work_dir.size_bytes) == (SHA, len(DATA))
        assert (await fetch(node, SHA))[0] == DATA
        assert (await fetch(node, SHA, 2**20 + 7))[0] == DATA[2**20 + 7 :]
        assert (await refused(fetch(node, SHA, len(DATA) + 1)))[0] == "INVALID_ARGUMENT"
        assert (await refused(fetch(other, SHA)))[0] == "PERMISSION_DENIED"
        assert (await refused(fetch(node, "../../etc/passwd")))[0] == "INVALID_ARGUMENT"


async def test_a_file_that_the_centre_has_lost(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1", work_dir=Blob(SHA, len(DATA)))
        await node.want(call, "offer")
        assert (await refused(fetch(node, SHA)))[0] == "NOT_FOUND"


async def test_a_push_that_was_cut_goes_on_where_it_was(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry):
        cut = await push(node, entry.id, data=DATA[: 2**20], sha256=SHA, size=len(DATA))
        assert (cut.stored_bytes, cut.complete) == (2**20, False)
        status = await node.stub.BlobStatus(wire.BlobQuery(sha256=SHA), metadata=node.metadata)
        assert (status.stored_bytes, status.complete) == (2**20, False)
        code, why = await refused(push(node, entry.id, offset=2**21))
        assert (code, "next part begins" in why) == ("ABORTED", True)
        assert (await push(node, entry.id, offset=2**20)).complete
        status = await node.stub.BlobStatus(wire.BlobQuery(sha256=SHA), metadata=node.metadata)
        assert (status.stored_bytes, status.complete) == (len(DATA), True)


async def test_an_empty_file(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry):
        assert (await push(node, entry.id, data=b"")).complete


async def test_wrong_bytes_from_the_beginning_are_refused_for_good(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry):
        code, why = await refused(push(node, entry.id, sha256="0" * 64))
        assert (code, "dropped" in why) == ("DATA_LOSS", True)


async def test_wrong_bytes_that_somebody_else_began_with_do_not_stand_in_the_way(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry):
        await push(node, entry.id, data=b"forged", sha256=SHA, size=len(DATA))
        code, why = await refused(push(node, entry.id, offset=6))
        assert (code, "from its beginning" in why) == ("ABORTED", True)
        assert (await push(node, entry.id)).complete


async def test_files_are_taken_only_on_behalf_of_the_parks_own_ranks(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry), centre.node(park="q") as other:
        assert (await refused(push(other, entry.id)))[0] == "PERMISSION_DENIED"
        assert (await refused(push(node, ranks.RankId(attempt_id="gone.1"))))[0] == "PERMISSION_DENIED"
        assert (await refused(push(node, ranks.RankId(attempt_id="j1.1", rank=7))))[0] == "PERMISSION_DENIED"
        status = await other.stub.BlobStatus(wire.BlobQuery(sha256=SHA), metadata=other.metadata)
        assert status.stored_bytes == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(
            {"size": 2**62}, "RESOURCE_EXHAUSTED", "a file may have", id="larger than a file may be"
        ),
        pytest.param({"size": 100}, "INVALID_ARGUMENT", "more than the 100 bytes", id="more than was said"),
        pytest.param({"sha256": "ABC"}, "INVALID_ARGUMENT", "blob.sha256", id="a name that is none"),
    ],
)
async def test_a_push_that_cannot_be(centre: Centre, words: dict[str, Any], code: str, said: str) -> None:
    async with with_rank(centre) as (node, _, entry):
        end = await refused(push(node, entry.id, **words))
        assert (end[0], said in end[1]) == (code, True), end
        assert (await push(node, entry.id)).complete


async def test_a_push_of_nothing(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, _):
        call = node.stub.PushBlob(metadata=node.metadata)
        await call.done_writing()
        assert (await refused(call))[0] == "INVALID_ARGUMENT"


async def test_when_too_many_uploads_are_under_way_try_again(centre: Centre) -> None:
    async with with_rank(centre) as (node, _, entry):
        for number in range(centre.files.blobs.limits.unfinished_max):
            centre.files.blobs.append(f"{number:064x}", 0, 2, b"x")
        assert (await refused(push(node, entry.id)))[0] == "UNAVAILABLE"
