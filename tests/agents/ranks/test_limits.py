"""Bounds on what ranks leave behind, and what becomes of what goes beyond them."""

import asyncio
import os
import time

from bostan_agent import agent as agent_module
from bostan_agent.devices.simulated import Simulated
from bostan_agent.files.errors import LineCut
from bostan_agent.files.pack import Packed
from bostan_agent.journal import Fence
from bostan_agent.ranks.rank import Rank
from bostan_agent.ranks.values import Assignment
from bostan_agent.settings_sources import load
from bostan_agent.shim.spec import RankKey
from bostan_protos.v1.agent_link_pb2 import BlobStored
from bostan_protos.v1.rank_pb2 import Offer

FILL = "head -c 100000 /dev/urandom > $BOSTAN_{}_DIR/noise"


async def test_outputs_beyond_the_bound_are_told_as_lost_and_the_rank_is_forgotten(centre, agents, wait_for):
    agent = await agents(output_bytes_max=1000)
    await centre.run("a1", "sh", "-c", FILL.format("OUTPUT"))
    await centre.heard("a1", "released")
    await wait_for(lambda: not list(agent.state_dir.glob("work/a1*")), "forgetting")
    assert centre.of("a1", "output_stored") == []
    assert (await centre.heard("a1", "exited")).output_pending
    assert "more than" in (await centre.heard("a1", "output_lost")).detail
    assert "outputs cannot be sent" in agent.log()


async def test_what_of_the_outputs_no_archive_can_hold_is_named_with_the_rest_counted(centre, agents):
    await agents()
    pipes = "cd $BOSTAN_OUTPUT_DIR; touch kept; for n in 1 2 3 4 5 6 7; do mkfifo p$n; done"
    await centre.run("a1", "sh", "-c", pipes)
    stored = await centre.heard("a1", "output_stored")
    assert stored.left_out == "p1, p2, p3, p4, p5 and 2 more"


async def test_a_rank_that_leaves_nothing_says_so_at_its_end(centre, agents):
    await agents()
    await centre.run("a1", "true")
    assert not (await centre.heard("a1", "exited")).output_pending


async def test_a_checkpoint_beyond_the_bound_is_refused_to_the_job(centre, agents, wait_for):
    await agents(checkpoint_bytes_max=1000)
    script = FILL.format("CHECKPOINT") + "; bostan-checkpoint done || echo refused"
    await centre.run("a1", "sh", "-c", script)
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    assert centre.log_of("a1").endswith("refused\n")
    assert centre.of("a1", "checkpoint_declared") == []


async def test_an_archive_beyond_the_bound_is_not_staged(centre, agents, packed):
    await agents(stage_bytes_max=1000)
    await centre.want(centre.offer("a1", "true", work_dir=centre.keep(packed(zeros=b"0" * 2000))))
    refused = await centre.heard("a1", "refused")
    assert (refused.reason, "more than 1000 bytes" in refused.detail) == ("stage-failed", True)


async def test_only_so_many_transfers_go_at_one_time(centre, agents, wait_for):
    await agents(transfers_max=2)
    centre.push_gate.clear()
    for number in range(4):
        await centre.accepted(f"a{number}", "sh", "-c", FILL.format("OUTPUT"), counter=number)
        await centre.want(centre.start_entry(f"a{number}", counter=number))
    for number in range(4):
        await centre.heard(f"a{number}", "exited")
    await wait_for(lambda: centre.pushing == 2, "two transfers")
    centre.push_gate.set()
    for number in range(4):
        await centre.heard(f"a{number}", "output_stored")
    assert centre.pushing_most == 2


async def test_a_log_goes_no_further_than_its_window_ahead_of_the_answers(centre, agents, wait_for):
    await agents(chunk_bytes=1024, log_window_bytes=4096)
    centre.answering_logs = False
    await centre.run("a1", "sh", "-c", "head -c 100000 /dev/zero; sleep 0.2")
    await centre.heard("a1", "exited")
    assert 0 < len(centre.logs["a1", 0]) <= 4096 + 1024


async def test_more_ranks_than_the_bound_are_refused(centre, agents):
    await agents(ranks_max=2)
    for number in range(2):
        await centre.accepted(f"a{number}", "true", counter=number)
    await centre.want(centre.offer("a2", "true", counter=2))
    refused = await centre.heard("a2", "refused")
    assert (refused.reason, refused.detail) == ("no-space", "this node holds 2 ranks; ranks_max is 2")


async def test_without_a_free_port_an_offer_is_refused(centre, agents):
    await agents(port_first=20_123, port_last=20_123)
    await centre.accepted("a1", "true")
    await centre.want(centre.offer("a2", "true", counter=2))
    assert (await centre.heard("a2", "refused")).detail == "no port from 20123 to 20123 is free"


async def test_more_output_files_than_the_bound_are_told_as_lost(centre, agents):
    await agents(output_files_max=2)
    await centre.run("a1", "sh", "-c", "cd $BOSTAN_OUTPUT_DIR; touch a b")
    assert (await centre.heard("a1", "output_stored")).left_out == ""
    await centre.run("a2", "sh", "-c", "cd $BOSTAN_OUTPUT_DIR; touch a b c", counter=2)
    assert "holds more than 2 files" in (await centre.heard("a2", "output_lost")).detail


async def test_more_staged_files_than_the_bound_are_refused(centre, agents, packed):
    await agents(stage_files_max=2)
    await centre.accepted("a1", "true", work_dir=centre.keep(packed(a=b"1", b=b"2")))
    await centre.want(
        centre.offer("a2", "true", work_dir=centre.keep(packed(a=b"1", b=b"2", c=b"3")), counter=2)
    )
    refused = await centre.heard("a2", "refused")
    assert (refused.reason, "holds more than 2 files" in refused.detail) == ("stage-failed", True)


async def test_staged_files_beyond_the_bound_leave_the_cache(centre, agents, packed, wait_for):
    kept = [centre.keep(packed(noise=os.urandom(50_000))) for _ in range(3)]
    agent = await agents(blob_cache_bytes_max=sum(one.size_bytes for one in kept[1:]) + 10)
    for number, blob in enumerate(kept):
        await centre.accepted(f"a{number}", "true", work_dir=blob, counter=number)
    cached = lambda: {path.name for path in (agent.state_dir / "blobs").iterdir()}  # noqa: E731
    await wait_for(lambda: cached() == {one.sha256 for one in kept[1:]}, "the oldest to leave")


async def test_gpus_that_cannot_tell_are_free_after_release_seconds_and_not_before(
    centre, agents, monkeypatch
):
    monkeypatch.setattr(Simulated, "processes", cannot_tell)
    await agents(release_seconds=0.5)
    gpu = centre.hellos[-1].inventory.gpus[0].uuid
    await centre.run("a1", "true", gpu_uuids=[gpu])
    await centre.heard("a1", "exited")
    exited = time.monotonic()
    await centre.heard("a1", "released")
    assert 0.3 < time.monotonic() - exited < 4.0


async def cannot_tell(_devices, _uuids):
    return {}


async def test_a_broken_transfer_waits_ever_longer_up_to_a_limit(tmp_path, monkeypatch):
    values = {"centre": "127.0.0.1:1", "park": "p", "transfer_retry_seconds_max": 0.5}
    courier = agent_module._courier(load(values, {}, None), Cut(5), journal=None)
    waits = []

    async def slept(seconds):
        waits.append(seconds)

    monkeypatch.setattr("bostan_agent.ranks.couriers.asyncio.sleep", slept)
    monkeypatch.setattr("bostan_agent.ranks.couriers.random.uniform", lambda _least, most: most)
    (tmp_path / "file").write_bytes(b"x")
    rank = Rank.__new__(Rank)
    rank.assignment = Assignment(RankKey("a1", 0), Fence(1, 2), Offer(), 7)
    await courier._push(rank, Packed(tmp_path / "file", "0" * 64, 1, ()))
    assert waits == [0.1, 0.2, 0.4, 0.5, 0.5]


class Cut:
    """A line that breaks so many times."""

    def __init__(self, cuts):
        self.cuts = cuts
        self.up = asyncio.Event()
        self.up.set()

    async def blob_status(self, sha256):
        self.cuts -= 1
        if self.cuts >= 0:
            raise LineCut("cut")
        return BlobStored(sha256=sha256, stored_bytes=1, complete=True)
