"""Ranks from offer to the end, over a real line, with real processes."""

import itertools
import os
import signal

import grpc
import pytest
from bostan_agent.agent import StateInUse
from bostan_agent.shim import processes


def gpus_of(centre):
    return [gpu.uuid for gpu in centre.hellos[-1].inventory.gpus]


async def test_a_rank_runs_from_offer_to_release_and_is_forgotten(centre, agents, wait_for):
    agent = await agents()
    gpu = gpus_of(centre)[0]
    command = ("sh", "-c", "echo hello from $BOSTAN_RANK on $CUDA_VISIBLE_DEVICES; exit 7")
    await centre.run("a1", *command, gpu_uuids=[gpu])
    exited = await centre.heard("a1", "exited")
    await centre.heard("a1", "released")
    assert (exited.exit_code, exited.signal, exited.cause) == (7, 0, "exited")
    assert exited.started.boottime_ns < exited.first_output.boottime_ns <= exited.ended.boottime_ns
    usage = await centre.heard("a1", "usage")
    assert list(usage.gpu_uuids) == [gpu]
    assert getattr(usage, "from") == exited.started
    assert usage.until == exited.ended
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    assert centre.log_of("a1") == f"hello from 0 on {gpu}\n"
    assert exited.log_bytes == len(centre.logs["a1", 0])
    await wait_for(lambda: not list((agent.state_dir / "ranks").glob("a1*")), "forgetting")
    await wait_for(lambda: not list((agent.state_dir / "work").glob("a1*")), "clearing")


async def test_a_cpu_rank_sees_no_gpu_and_is_released_at_its_exit(centre, agents):
    await agents()
    await centre.run("a1", "sh", "-c", 'test "$CUDA_VISIBLE_DEVICES" = ""')
    assert (await centre.heard("a1", "exited")).exit_code == 0
    await centre.heard("a1", "released")


async def test_a_work_directory_is_staged_and_outputs_come_back(centre, agents, packed, wait_for):
    await agents()
    work_dir = centre.keep(
        packed(run_sh=b"#!/bin/sh\ncp data $BOSTAN_OUTPUT_DIR/copy\n", data=b"precious" * 1000)
    )
    await centre.run("a1", "./run_sh", work_dir=work_dir)
    stored = await centre.heard("a1", "output_stored")
    assert stored.blob.size_bytes == len(centre.blobs[stored.blob.sha256])
    assert centre.pushes[0].rank.attempt_id == "a1"
    await centre.accepted("a2", "cp", "copy", "there", work_dir=stored.blob)


async def test_a_gang_learns_its_addresses_and_its_master(centre, agents, wait_for):
    await agents()
    command = ("sh", "-c", "echo $RANK/$WORLD_SIZE $MASTER_ADDR:$MASTER_PORT")
    both = [await centre.accepted("g1", *command, rank=rank, world_size=2) for rank in (0, 1)]
    assert both[0].port != both[1].port
    addresses = [
        {"rank": rank, "address": accepted.address, "port": accepted.port}
        for rank, accepted in enumerate(both)
    ]
    await centre.want(*(centre.start_entry("g1", rank, addresses=addresses) for rank in (0, 1)))
    for rank in (0, 1):
        await wait_for(lambda rank=rank: ("g1", rank) in centre.log_ended)
        assert centre.log_of("g1", rank) == f"{rank}/2 {both[0].address}:{both[0].port}\n"


async def test_a_start_that_names_no_master_fails_and_frees_the_gpus(centre, agents):
    await agents()
    gpu = gpus_of(centre)[0]
    await centre.accepted("a1", "true", gpu_uuids=[gpu])
    await centre.want(centre.start_entry("a1", addresses=[{"rank": 1, "address": "127.0.0.1", "port": 1}]))
    exited = await centre.heard("a1", "exited")
    assert (exited.cause, exited.detail) == ("start-failed", "the start names no address for rank 0")
    await centre.heard("a1", "released")
    await centre.accepted("a2", "true", gpu_uuids=[gpu], counter=2)


async def test_a_command_that_is_not_there_fails_to_start(centre, agents):
    await agents()
    await centre.accepted("a1", "/nowhere/command")
    await centre.want(centre.start_entry("a1"))
    exited = await centre.heard("a1", "exited")
    assert exited.cause == "start-failed"
    assert "/nowhere/command" in exited.detail
    await centre.heard("a1", "released")


async def test_wants_that_come_again_change_nothing(centre, agents, wait_for):
    await agents()
    offer = centre.offer("a1", "sleep", "60")
    await centre.want(offer, offer)
    await centre.heard("a1", "accepted")
    start = centre.start_entry("a1")
    await centre.want(offer, start, start)
    await centre.heard("a1", "started")
    await centre.want(offer, start)
    await centre.want(centre.entry("a1", stop={"cause": "cancelled"}))
    await centre.want(centre.entry("a1", stop={"cause": "cancelled"}))
    exited = await centre.heard("a1", "exited")
    assert (exited.cause, exited.signal) == ("stopped", signal.SIGTERM)
    await centre.heard("a1", "released")
    await centre.want(offer, start)
    await centre.run("a2", "true", counter=2)
    await centre.heard("a2", "released")
    for kind in ("accepted", "started", "exited", "released"):
        assert len(centre.of("a1", kind)) == 1, kind


async def test_an_offer_that_is_not_started_in_time_lapses(centre, agents):
    await agents()
    gpu = gpus_of(centre)[0]
    await centre.accepted("a1", "true", gpu_uuids=[gpu], within_seconds=0.5)
    await centre.heard("a1", "released")
    await centre.want(centre.start_entry("a1"))
    await centre.accepted("a2", "true", gpu_uuids=[gpu], counter=2)
    assert centre.of("a1", "started") == []


async def test_files_that_do_not_come_in_time_refuse_the_offer(centre, agents, packed):
    await agents()
    name = centre.keep(packed(file=b"x"))
    unknown = type(name)(sha256="0" * 64, size_bytes=1)
    await centre.want(centre.offer("a1", "true", work_dir=unknown))
    refused = await centre.heard("a1", "refused")
    assert refused.reason == "stage-failed"
    assert "no such blob" in refused.detail


async def test_a_hostile_archive_refuses_the_offer(centre, agents, packed):
    await agents()
    work_dir = centre.keep(packed(**{"..__out": b"x"}))
    await centre.want(centre.offer("a1", "true", work_dir=work_dir))
    refused = await centre.heard("a1", "refused")
    assert (refused.reason, "leads out" in refused.detail) == ("stage-failed", True)


async def test_bytes_that_are_not_what_their_name_says_refuse_the_offer(centre, agents, packed):
    await agents()
    work_dir = centre.keep(packed(file=b"x"))
    centre.blobs[work_dir.sha256] = packed(file=b"y")
    await centre.want(centre.offer("a1", "true", work_dir=work_dir))
    assert (await centre.heard("a1", "refused")).reason == "stage-failed"


async def test_a_held_gpu_is_busy_and_a_released_offer_frees_it(centre, agents):
    await agents()
    gpu = gpus_of(centre)[0]
    await centre.accepted("a1", "true", gpu_uuids=[gpu])
    await centre.want(centre.offer("a2", "true", gpu_uuids=[gpu], counter=2))
    assert (await centre.heard("a2", "refused")).reason == "gpu-busy"
    await centre.want(
        centre.entry("a1", release={"cause": "not-wanted"}),
        centre.offer("a3", "true", gpu_uuids=[gpu], counter=3),
    )
    await centre.heard("a3", "accepted")
    seqs = {record.WhichOneof("body"): record.seq for record in centre.records.values() if record.seq > 2}
    assert seqs["released"] < seqs["accepted"]


async def test_a_node_that_drains_takes_nothing_new_and_remembers_it(centre, agents, wait_for):
    agent = await agents()
    await centre.run("a1", "sleep", "60")
    await centre.say(drain={"draining": True, "reason": "new power supply"})
    await centre.want(centre.offer("a2", "true"))
    refused = await centre.heard("a2", "refused")
    assert (refused.reason, refused.detail) == ("draining", "new power supply")
    assert centre.of("a1", "exited") == []
    await agent.end()
    centre.stream = None
    await agent.start()
    await centre.want(centre.offer("a3", "true"))
    assert (await centre.heard("a3", "refused")).reason == "draining"
    await centre.say(drain={"draining": False})
    await centre.accepted("a4", "true")


async def test_a_stop_asks_for_a_checkpoint_and_the_next_attempt_resumes_from_it(centre, agents, wait_for):
    await agents()
    script = """
trap 'echo saved > $BOSTAN_CHECKPOINT_DIR/state; bostan-checkpoint done --step 5; exit 0' USR1
echo ready; while :; do sleep 0.05; done"""
    await centre.run("a1", "bash", "-c", script, checkpoint_on_signal=True, checkpoint_grace_seconds=20)
    await wait_for(lambda: centre.log_of("a1") == "ready\n", "readiness")
    await centre.want(centre.entry("a1", stop={"cause": "requeued", "checkpoint": True}))
    declared = await centre.heard("a1", "checkpoint_declared")
    assert (declared.number, declared.step) == (1, 5)
    await centre.heard("a1", "exited")
    stored = await centre.heard("a1", "checkpoint_stored")
    assert (stored.number, stored.step) == (1, 5)
    await centre.run("a2", "sh", "-c", "cat $BOSTAN_CHECKPOINT_DIR/state", checkpoint=stored.blob, counter=2)
    await wait_for(lambda: ("a2", 0) in centre.log_ended)
    assert centre.log_of("a2") == "saved\n"


async def test_a_checkpoint_that_the_centre_refuses_is_told_lost(centre, agents):
    await agents()
    centre.refuse_blobs = (grpc.StatusCode.RESOURCE_EXHAUSTED, "too large")
    await centre.run("a1", "sh", "-c", "echo x > $BOSTAN_CHECKPOINT_DIR/state; bostan-checkpoint done")
    exited = await centre.heard("a1", "exited")
    lost = await centre.heard("a1", "checkpoint_lost")
    assert (lost.number, "too large" in lost.detail) == (1, True)
    assert exited.exit_code == 0


async def test_a_broken_transfer_goes_on_where_it_broke(centre, agents, wait_for):
    await agents(chunk_bytes=1024)
    centre.cut_push_after = 3000
    await centre.run("a1", "sh", "-c", "head -c 20000 /dev/urandom > $BOSTAN_OUTPUT_DIR/noise")
    stored = await centre.heard("a1", "output_stored")
    assert [push.offset for push in centre.pushes] == [0, 3072]
    assert stored.blob.sha256 in centre.blobs


async def test_a_lease_is_renewed_by_either_message_and_ends_a_rank_that_is_not(centre, agents, wait_for):
    await agents()
    await centre.run("a1", "sleep", "60", lease_seconds=2, grace_seconds=0)
    await centre.run("a2", "sleep", "60", lease_seconds=2, grace_seconds=0, counter=2)
    await centre.say(
        renew={"id": {"attempt_id": "a2"}, "fencing": {"epoch": 1, "counter": 2}, "lease": centre.term(60)}
    )
    exited = await centre.heard("a1", "exited")
    assert exited.cause == "lease-ended"
    await centre.want(centre.start_entry("a2", counter=2, lease_seconds=90))
    assert centre.of("a2", "exited") == []


async def test_a_rank_that_is_not_here_is_said_not_to_be(centre, agents):
    await agents()
    await centre.want(
        centre.entry("gone", lease_seconds=0.5, start={}),
        centre.entry("never", release={"cause": "not-wanted"}),
    )
    assert (await centre.heard("gone", "exited")).cause == "shim-lost"
    await centre.heard("never", "released")
    await centre.heard("gone", "released")
    assert centre.of("never", "exited") == []


async def test_an_entry_of_an_unknown_kind_or_a_bad_one_does_not_hide_the_others(centre, agents):
    agent = await agents()
    bad = centre.offer("a1", "true")
    bad.id.attempt_id = "../../etc"
    await centre.want(bad, centre.entry("a2"), centre.offer("a3", "true"))
    await centre.heard("a3", "accepted")
    assert "attempt_id '../../etc' must be" in agent.log()
    assert "what is wanted of a2.0 is unknown" in agent.log()


async def test_usage_is_cut_into_segments_that_join(centre, agents, wait_for):
    await agents(usage_segment_seconds=0.3)
    gpu = gpus_of(centre)[0]
    await centre.run("a1", "sleep", "60", gpu_uuids=[gpu])
    await wait_for(lambda: len(centre.of("a1", "usage")) >= 2)
    await centre.want(centre.entry("a1", stop={"cause": "cancelled"}))
    exited = await centre.heard("a1", "exited")
    segments = [record.usage for record in centre.of("a1", "usage")]
    assert getattr(segments[0], "from") == exited.started
    assert segments[-1].until == exited.ended
    for one, next_one in itertools.pairwise(segments):
        assert one.until == getattr(next_one, "from")


async def test_a_full_journal_refuses_offers_and_lengthens_segments_but_keeps_what_happened(
    centre, agents, wait_for
):
    await agents(journal_records_max=4, usage_segment_seconds=0.2)
    gpu = gpus_of(centre)[0]
    await centre.run("a1", "sleep", "60", gpu_uuids=[gpu])
    centre.acknowledging = False
    await wait_for(lambda: centre.heartbeats and centre.heartbeats[-1].journal_unacked == 4)
    sent = len(centre.received)
    await centre.want(centre.offer("a2", "true", counter=2), centre.entry("a1", stop={"cause": "cancelled"}))
    await wait_for(lambda: len(centre.received) >= sent + 4, "refused, usage, exited, released")
    centre.acknowledging = True
    await centre.stop()
    await centre.start(centre.port)
    assert (await centre.heard("a2", "refused")).reason == "journal-full"
    exited = await centre.heard("a1", "exited")
    segments = [record.usage for record in centre.of("a1", "usage")]
    assert segments[-1].until == exited.ended
    for one, next_one in itertools.pairwise(segments):
        assert one.until == getattr(next_one, "from")


async def test_agents_of_one_machine_do_not_share_a_state_folder(centre, agents):
    agent = await agents()
    second = type(agent)(centre, agent.state_dir, {})
    await second.start()
    with pytest.raises(StateInUse, match="another agent works in"):
        await second.end()


async def test_a_job_that_hides_from_its_group_is_gone_after_a_stop(centre, agents, wait_for):
    await agents()
    escape = "import os,time,signal\nsignal.signal(15,signal.SIG_IGN)\nif os.fork()==0:\n os.setsid()\n print(os.getpid(),flush=True)\ntime.sleep(60)"
    await centre.run("a1", "python3", "-c", escape, grace_seconds=0)
    pid = int(await wait_for(lambda: centre.log_of("a1").strip(), "a pid"))
    await centre.want(centre.entry("a1", stop={"cause": "cancelled"}))
    assert (await centre.heard("a1", "exited")).cause == "stopped"
    await centre.heard("a1", "released")
    assert processes.facts(pid) is None


async def test_a_long_log_arrives_whole_and_in_order(centre, agents, wait_for):
    await agents(chunk_bytes=1024, log_window_bytes=4096)
    await centre.run("a1", "seq", "1", "20000")
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    assert centre.log_of("a1").split() == [str(number) for number in range(1, 20001)]


async def test_of_a_log_that_grew_too_long_without_a_line_the_newest_part_arrives_at_its_place(
    centre, agents, wait_for
):
    agent = await agents(log_bytes_max=40_000, chunk_bytes=4096)
    await centre.run("a1", "sh", "-c", "until test -e go; do sleep 0.01; done; seq 10001 40000")
    go = agent.state_dir / "work" / "a1.0" / "work" / "go"
    await centre.stop()
    await wait_for(lambda: "no line to the centre" in agent.log())
    go.write_text("now\n")
    await wait_for(lambda: list(agent.state_dir.glob("ranks/a1.0/exit.json")), "the exit record")
    await centre.start(centre.port)
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    log = centre.log_of("a1")
    assert len(log) == (await centre.heard("a1", "exited")).log_bytes == 6 * 30_000
    assert set(log[:100_000]) == {"?"}
    assert log.endswith("39999\n40000\n")


async def test_a_rank_may_run_as_another_user(centre, agents, packed, wait_for):
    if os.geteuid() != 0:
        pytest.skip("only root may run ranks as another user")
    agent = await agents(run_as="65534")
    for folder in agent.state_dir.parents:
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest", "popen", "test_")):
            folder.chmod(0o755)
    work_dir = centre.keep(packed(file=b"x"))
    script = "id -u; cat file; touch mine $BOSTAN_CHECKPOINT_DIR/x $BOSTAN_OUTPUT_DIR/y"
    await centre.run("a1", "sh", "-c", script, work_dir=work_dir)
    exited = await centre.heard("a1", "exited")
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    assert (centre.log_of("a1"), exited.exit_code) == ("65534\nx", 0)
    await centre.heard("a1", "output_stored")
