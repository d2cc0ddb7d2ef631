"""Parts of the line that need no line: waits, the outbox, and what a failed call means."""

import grpc
import grpc.aio
import pytest
from bostan_agent.files.errors import BlobRefused, BlobUnknown, LineCut
from bostan_agent.link.calls import Calls, file_error
from bostan_agent.link.dialer import backoff_seconds
from bostan_agent.link.outbox import Outbox
from bostan_protos.v1.agent_link_pb2 import AgentMessage, Heartbeat


@pytest.mark.parametrize(("failures", "bound"), [(0, 1), (1, 2), (3, 8), (5, 30), (10_000, 30)])
def test_waits_are_spread_over_a_bound_that_doubles_up_to_a_cap(failures, bound):
    waits = [backoff_seconds(failures, 30) for _ in range(300)]
    assert all(0 <= wait <= bound for wait in waits)
    assert min(waits) < 0.2 * bound
    assert max(waits) > 0.8 * bound


async def test_a_full_outbox_leaves_out_what_is_soon_stale():
    outbox = Outbox(2)
    beat = AgentMessage(heartbeat=Heartbeat(boottime_ns=1))
    assert [outbox.offer(beat) for _ in range(3)] == [True, True, False]
    await outbox.take()
    assert outbox.offer(beat)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (grpc.StatusCode.UNAVAILABLE, LineCut),
        (grpc.StatusCode.UNAUTHENTICATED, LineCut),
        (grpc.StatusCode.NOT_FOUND, BlobUnknown),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, BlobRefused),
        (grpc.StatusCode.INVALID_ARGUMENT, BlobRefused),
    ],
)
def test_a_failed_call_means_wait_or_give_up(code, meaning):
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="why")
    assert type(file_error(error)) is meaning
    assert "why" in str(file_error(error))


async def test_without_a_session_no_call_is_made():
    calls = Calls()
    assert not calls.up.is_set()
    with pytest.raises(LineCut, match="out of reach"):
        await calls.blob_status("0" * 64)
