"""Ranks from offer to the end, over a real line, with real processes."""

import os
import signal
from pathlib import Path


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
