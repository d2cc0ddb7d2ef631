"""Whose file it is: a node fetches what it was offered, brings what its own ranks made, and learns of nothing else."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.core.job import Blob
from bostan_scheduler.files.blobs import Complete
from bostan_scheduler.files.owners import is_checkpoint_only, park_owner
from link import Centre, Node, refusal

WORK = b"the work directory of j1"
SECRET = b"what another firm has sent"
MADE = b"what the rank has made"


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Pool:
    """j1 was offered to p/n1 and runs there; p/n2 is of the same park, q/n3 of another. Another firm's file is here too."""

    centre: Centre
    nodes: dict[str, Node]
    calls: dict[str, Any]
    rank: ranks.DesiredRank

    async def fetch(self, who: str, data: bytes) -> bytes:
        node = self.nodes[who]
        call = node.stub.FetchBlob(wire.BlobRange(sha256=sha256_of(data)), metadata=node.metadata)
        return b"".join([chunk.data async for chunk in call])

    async def push(self, who: str, data: bytes, sent: bytes | None = None, attempt_id: str = "j1.1") -> bool:
        node, sent = self.nodes[who], data if sent is None else sent
        chunk = wire.BlobChunk(
            sha256=sha256_of(data), size_bytes=len(data), data=sent, rank=ranks.RankId(attempt_id=attempt_id)
        )
        return bool((await node.stub.PushBlob(iter([chunk]), metadata=node.metadata)).complete)

    async def log(self, who: str, attempt_id: str = "j1.1") -> int:
        node = self.nodes[who]
        call = node.stub.PushLog(metadata=node.metadata)
        await call.write(wire.LogChunk(id=ranks.RankId(attempt_id=attempt_id), data=b"forged\n"))
        await call.done_writing()
        return int((await call.read()).next_offset)

    async def status(self, who: str, data: bytes) -> wire.BlobStored:
        node = self.nodes[who]
        query = wire.BlobQuery(sha256=sha256_of(data))
        stored: wire.BlobStored = await node.stub.BlobStatus(query, metadata=node.metadata)
        return stored


@pytest.fixture
async def pool(centre: Centre) -> AsyncIterator[Pool]:
    centre.files.blobs.append(sha256_of(WORK), 0, len(WORK), WORK, "x")
    centre.files.blobs.append(sha256_of(SECRET), 0, len(SECRET), SECRET, "zeta")
    async with AsyncExitStack() as stack:
        nodes, calls = {}, {}
        for name, park, gpus in (("n1", "p", 1), ("n2", "p", 0), ("n3", "q", 0)):
            nodes[name] = await stack.enter_async_context(centre.node(name, park, gpus))
            calls[name] = await nodes[name].connect()
        await centre.submit("j1", work_dir=Blob(sha256_of(WORK), len(WORK)))
        yield Pool(centre, nodes, calls, await nodes["n1"].run(calls["n1"]))
        assert await nodes["n1"].beat(calls["n1"])  # whatever was refused, the service lives


Deed = Callable[[Pool], Awaitable[object]]

REFUSED: list[tuple[str, Deed, str]] = [
    ("another park fetches the work directory", lambda pool: pool.fetch("n3", WORK), "offered to q/n3"),
    ("another node of the park fetches it", lambda pool: pool.fetch("n2", WORK), "offered to p/n2"),
    ("the node fetches what no job of its has", lambda pool: pool.fetch("n1", SECRET), "offered to p/n1"),
    ("the node fetches what is nowhere", lambda pool: pool.fetch("n1", b"?"), "offered to p/n1"),
    ("another park brings a file of the rank", lambda pool: pool.push("n3", MADE), "not given to q/n3"),
    ("another node of the park brings one", lambda pool: pool.push("n2", MADE), "not given to p/n2"),
    ("a file of an attempt that is none", lambda pool: pool.push("n1", MADE, None, "j9.1"), "no attempt j9.1"),
    ("another park writes the rank's log", lambda pool: pool.log("n3"), "not given to q/n3"),
    ("another node of the park writes it", lambda pool: pool.log("n2"), "not given to p/n2"),
]  # fmt: skip


@pytest.mark.parametrize(("deed", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_what_a_node_may_not(
    pool: Pool, deed: Deed, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await deed(pool)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert said in str(refused.value.details())
    assert "call refused" in capsys.readouterr().out
    assert not (await pool.status("n1", MADE)).stored_bytes
    assert pool.centre.files.logs.next_offset("j1.1", 0) == 0


async def test_what_a_node_may(pool: Pool) -> None:
    assert await pool.fetch("n1", WORK) == WORK
    assert await pool.push("n1", MADE)
    assert await pool.log("n1") == len(b"forged\n")
    assert (await pool.status("n1", MADE)).complete


async def test_an_agent_that_does_not_say_which_node_it_is_goes_as_far_as_its_park(pool: Pool) -> None:
    for who in ("n2", "n3"):
        node = pool.nodes[who]
        anonymous = node.metadata[:1]
        call = node.stub.FetchBlob(wire.BlobRange(sha256=sha256_of(WORK)), metadata=anonymous)
        code, _ = await refusal(call)
        assert (code is grpc.StatusCode.OK) == (node.park == "p")


@pytest.mark.parametrize(("said", "code"), [("n2", "PERMISSION_DENIED"), ("../n1", "INVALID_ARGUMENT")])
async def test_a_session_of_one_node_with_the_hello_of_another(pool: Pool, said: str, code: str) -> None:
    node = pool.nodes["n1"]
    words = (*node.metadata[:1], ("bostan-node", said))
    call = node.stub.Session(metadata=words)
    await call.write(wire.AgentMessage(hello=node.hello()))
    await call.write(wire.AgentMessage(actual=wire.ActualSet()))
    assert (await refusal(call))[0].name == code


async def test_a_park_learns_nothing_of_what_others_have_sent(pool: Pool) -> None:
    assert await pool.push("n1", MADE)
    for who, data in (("n1", SECRET), ("n1", WORK), ("n3", MADE)):
        stored = await pool.status(who, data)
        assert (stored.stored_bytes, stored.complete) == (0, False)


async def test_a_hash_alone_makes_no_output_and_no_checkpoint(pool: Pool) -> None:
    """Else its firm would download, and the next node would fetch, what somebody else has sent."""
    node, call, secret = pool.nodes["n1"], pool.calls["n1"], sha256_of(SECRET)
    assert not await pool.push("n1", SECRET, sent=b"")
    blob = ranks.Blob(sha256=secret, size_bytes=len(SECRET))
    await node.say(call, pool.rank, checkpoint_declared=ranks.CheckpointDeclared(number=1, step=5))
    await node.say(call, pool.rank, checkpoint_stored=ranks.CheckpointStored(number=1, step=5, blob=blob))
    await node.say(call, pool.rank, output_stored=ranks.OutputStored(blob=blob))
    job = pool.centre.store.job("j1")
    assert job is not None
    assert (job.checkpoints, pool.centre.store.outputs("j1")) == ((), ())


async def test_what_two_have_sent_is_here_once_for_both(pool: Pool) -> None:
    assert await pool.push("n1", SECRET)
    blobs = pool.centre.files.blobs
    for owner in ("zeta", park_owner("p")):
        assert blobs.state(sha256_of(SECRET), owner) == Complete(len(SECRET))
    assert (await pool.status("n1", SECRET)).complete


async def test_what_came_as_an_output_is_kept_as_one(pool: Pool) -> None:
    """A checkpoint goes soon after a newer one; the same bytes as an output stay."""
    node, call, blobs = pool.nodes["n1"], pool.calls["n1"], pool.centre.files.blobs
    blob = ranks.Blob(sha256=sha256_of(MADE), size_bytes=len(MADE))
    assert await pool.push("n1", MADE)
    stored = ranks.CheckpointStored(number=1, step=5, blob=blob)
    await node.say(call, pool.rank, checkpoint_stored=stored)
    marks = blobs.owners.marks(blob.sha256[:2])
    assert is_checkpoint_only(marks[blob.sha256])
    await node.say(call, pool.rank, output_stored=ranks.OutputStored(blob=blob))
    assert not is_checkpoint_only(blobs.owners.marks(blob.sha256[:2])[blob.sha256])
