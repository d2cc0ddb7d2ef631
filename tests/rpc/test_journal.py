"""A node's journal on its way in: each record once, in order, after the commit; what cannot be stops it loudly."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import device_pb2 as device
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.core.node import Verdict
from link import Centre, Node, exited, refusal, stamp

SHA = "a" * 64


async def test_what_was_acknowledged_is_not_asked_for_again_and_does_no_harm(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        entry = await node.run(call)
        segment = usage(node, 10)
        await node.say(call, entry, usage=segment)
        call = await node.connect()
        assert node.acked == len(node.journal) == 3
        node.acked = 0
        assert await node.send_journal(call) == 3
        node.acked = 0
        assert await node.send_journal(call) == 3
        assert centre.store.job_gpu_milliseconds(["j1"]) == {"j1": 10_000}


async def test_what_lies_beyond_a_gap_waits(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        entry = await node.want(call, "offer")
        node.note(entry, accepted=ranks.Accepted(address="127.0.0.1", port=4000))
        node.note(entry, released=ranks.Released())
        late = wire.JournalRecords(journal_id=node.journal_id, records=node.journal[1:])
        await call.write(wire.AgentMessage(journal=late))
        assert (await node.next(call, "journal_ack")).acked_seq == 0
        assert await node.send_journal(call) == 2


async def test_a_wiped_journal_begins_anew_and_the_centre_waits_for_the_lease(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        await node.run(call)
        node.journal, node.held, node.journal_id, node.acked = [], {}, "f" * 32, 0
        call = await node.connect()
        assert node.acked == 0
        assert centre.attempt("j1") == "Unknown"
        entry = await node.want(call, "start")  # the node may have it after all, and says so
        await node.say(call, entry, exited=exited(0, "shim-lost"))
        assert node.acked == 1


async def test_a_record_of_a_newer_release_is_acknowledged_and_left_aside(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        newer = node.note()
        newer.MergeFromString(b"\xfa\x7f\x03abc")
        assert await node.send_journal(call) == 1


async def test_findings_reach_the_node(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        first, second = node.uuids
        finding = device.HealthFinding(gpu_uuid=first, code="xid-79", evidence="fell off\x1b[2J the bus")
        gone = device.HealthFinding(gpu_uuid=second, code="hot", cleared=True)
        verdicts = [
            device.GpuVerdict(uuid=first, verdict=device.VERDICT_FAILED),
            device.GpuVerdict(uuid=second, verdict=17),  # type: ignore[arg-type]
        ]
        await node.say(call, None, health=device.Health(verdicts=verdicts, findings=[finding, gone]))
        known = centre.store.node("p/n1")
        assert known is not None
        assert [(gpu.verdict, gpu.findings) for gpu in known.gpus] == [
            (Verdict.FAILED, ("xid-79: fell off [2J the bus",)),
            (Verdict.FAILED, ("the centre does not know verdict 17",)),
        ]


async def test_a_checkpoint_or_an_output_that_is_not_here_is_lost(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        entry = await node.run(call)
        await node.say(call, entry, checkpoint_declared=ranks.CheckpointDeclared(number=1, step=100))
        nowhere = ranks.Blob(sha256=SHA, size_bytes=3)
        await node.say(
            call, entry, checkpoint_stored=ranks.CheckpointStored(number=1, step=100, blob=nowhere)
        )
        await node.say(call, entry, output_stored=ranks.OutputStored(blob=nowhere))
        job = centre.store.job("j1")
        assert job is not None
        assert (job.checkpoints, job.pending_checkpoints, list(centre.store.outputs("j1"))) == ((), (), [])
        (lost,) = (one.event for one in centre.store.events(0, 100, "j1") if one.event.kind == "output-lost")
        assert lost.why == "rank 0: the centre does not have its file"


async def test_many_records_at_once_are_taken_in_together(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        for _ in range(300):
            node.note(health=device.Health())
        for first in range(0, 300, 10):
            records = node.journal[first : first + 10]
            await call.write(
                wire.AgentMessage(journal=wire.JournalRecords(journal_id=node.journal_id, records=records))
            )
        while (await node.next(call, "journal_ack")).acked_seq < 300:
            pass
        acks = [message for message in node.heard if message.WhichOneof("body") == "journal_ack"]
        assert len(acks) <= 30


async def test_usage_is_measured_by_the_boot_clock_and_never_lies_ahead(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1", gpus=2)
        entry = await node.run(call)
        segment = usage(node, 7)
        segment.until.unix_ns += 10**18  # a wall clock that is thirty years ahead
        await node.say(call, entry, usage=segment)
        assert centre.store.job_gpu_milliseconds(["j1"]) == {"j1": 14_000}
        now = centre.parts.clock()
        (used,) = centre.store.usage(None, now - 60_000, now)
        assert used.gpu_milliseconds == 14_000


def usage(node: Node, seconds: float) -> ranks.UsageSegment:
    segment = ranks.UsageSegment(gpu_uuids=node.uuids[:1], until=stamp())
    start = getattr(segment, "from")
    start.boottime_ns = segment.until.boottime_ns - round(seconds * 1e9)
    start.unix_ns = 1
    return segment


def backwards(record: wire.JournalRecord) -> None:
    getattr(record.usage, "from").boottime_ns = 10**15
    record.usage.until.boottime_ns = 1


CANNOT_BE: list[tuple[str, Callable[[wire.JournalRecord], object], str]] = [
    ("no rank", lambda record: record.ClearField("rank"), "rank.attempt_id"),
    ("no number", lambda record: setattr(record, "seq", 0), "seq"),
    ("an unknown exit cause", lambda record: setattr(record.exited, "cause", "bored"), "exited.cause"),
    ("no end", lambda record: record.exited.CopyFrom(ranks.Exited(cause="exited")), "exited.ended"),
    ("an odd exit code", lambda record: record.exited.CopyFrom(exited(256)), "exit_code"),
    ("an odd signal", lambda record: record.exited.CopyFrom(exited(signal=65)), "signal"),
    ("no port", lambda record: setattr(record.accepted, "address", "a"), "accepted.port"),
    ("no address", lambda record: setattr(record.accepted, "port", 1), "accepted.address"),
    ("a refusal without a reason", lambda record: record.refused.SetInParent(), "refused.reason"),
    ("a clock that ran backwards", backwards, "usage"),
    ("a hash that is none", lambda record: record.output_stored.SetInParent(), "output_stored.blob.sha256"),
    ("a step before the first", lambda record: setattr(record.checkpoint_declared, "step", -2), "step"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "said"), [case[1:] for case in CANNOT_BE], ids=[case[0] for case in CANNOT_BE]
)
async def test_a_record_that_cannot_be(centre: Centre, spoil: Callable[[Any], object], said: str) -> None:
    async with centre.node() as node:
        call = await node.connect()
        record = wire.JournalRecord(seq=1, rank=ranks.RankId(attempt_id="j1.1"), released=ranks.Released())
        spoil(record)
        await call.write(
            wire.AgentMessage(journal=wire.JournalRecords(journal_id=node.journal_id, records=[record]))
        )
        code, why = await refusal(call)
        assert (code, said in why) == (grpc.StatusCode.INVALID_ARGUMENT, True), why
        await node.connect()
        assert node.acked == 0


@pytest.mark.parametrize(
    ("seqs", "journal_id", "said"),
    [
        pytest.param([], None, "there is none", id="nothing"),
        pytest.param([1, 1], None, "ascend", id="a record twice"),
        pytest.param([2, 1], None, "ascend", id="in no order"),
        pytest.param([1], "0" * 32, "hello named", id="of another journal"),
        pytest.param(range(1, 5002), None, "at most 5000", id="more than a message may hold"),
    ],
)
async def test_a_batch_that_cannot_be(
    centre: Centre, seqs: list[int], journal_id: str | None, said: str
) -> None:
    async with centre.node() as node:
        call = await node.connect()
        records = [wire.JournalRecord(seq=seq) for seq in seqs]
        batch = wire.JournalRecords(journal_id=journal_id or node.journal_id, records=records)
        await call.write(wire.AgentMessage(journal=batch))
        code, why = await refusal(call)
        assert (code, said in why) == (grpc.StatusCode.INVALID_ARGUMENT, True), why
