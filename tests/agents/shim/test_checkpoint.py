"""A declared checkpoint is copied, recorded and answered, in that order; nothing else counts as one."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bostan_agent.shim import processes
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.records import checkpoints_of

PROGRAM = [sys.executable, "-m", "bostan_agent.shim.checkpoint"]


@pytest.fixture
def store(tmp_path):
    """A job's checkpoint folder."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def rank(bench, store):
    """A rank that runs and may declare what is in `store`."""
    return resting(bench, store)


def resting(bench, store, **fields):
    made = bench.shell("echo up; exec sleep 1000", checkpoint_dir=str(store), **fields)
    made.prints(b"up")
    return made


def declare(rank, *arguments, timeout=20):
    """Run `bostan-checkpoint` as a process of that rank would."""
    environment = {"PATH": os.environ["PATH"], "BOSTAN_SHIM_SOCKET": f"{rank.folder}/sock"}
    return subprocess.run(
        [*PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def recorded(rank):
    return checkpoints_of((rank.folder / "checkpoints.jsonl").read_bytes())


def test_done_means_recorded_and_copied(rank, store):
    (store / "weights").write_bytes(b"w" * 1000)
    (store / "optimizer").mkdir()
    (store / "optimizer" / "state").write_bytes(b"s" * 10)
    outcome = declare(rank, "done", "--step", "7")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    [checkpoint] = recorded(rank)
    assert (checkpoint.seq, checkpoint.step, checkpoint.bytes, checkpoint.files) == (1, 7, 1010, 3)
    copy = rank.folder / "checkpoints" / "1"
    assert (copy / "weights").read_bytes() == b"w" * 1000
    assert (copy / "optimizer" / "state").read_bytes() == b"s" * 10


def test_a_job_that_overwrites_in_place_does_not_touch_the_copy(rank, store):
    (store / "weights").write_bytes(b"first")
    assert declare(rank, "done").returncode == 0
    with (store / "weights").open("r+b") as file:
        file.write(b"SECOND")
    assert (rank.folder / "checkpoints" / "1" / "weights").read_bytes() == b"first"


def test_the_agent_hears_of_it(rank, store):
    declare(rank, "done", "--step", "3")
    heard = rank.launch.event("checkpoint")
    assert (heard["seq"], heard["step"]) == (1, 3)


def test_the_newest_two_copies_are_kept_and_a_pinned_one(rank, store):
    for step in range(5):
        (store / "weights").write_text(str(step))
        assert declare(rank, "done", "--step", str(step)).returncode == 0
        if step == 0:
            (rank.folder / "checkpoints" / "1.pin").touch()
    kept = {path.name: (path / "weights").read_text() for path in rank.folder.glob("checkpoints/[0-9]")}
    assert kept == {"1": "0", "4": "3", "5": "4"}
    assert [checkpoint.step for checkpoint in recorded(rank)] == [0, 1, 2, 3, 4]


def test_links_inside_are_kept_as_links(rank, store):
    (store / "runs").mkdir()
    (store / "runs" / "step1").write_text("one")
    (store / "last").symlink_to("runs/step1")
    (store / "runs" / "up").symlink_to("../last")
    assert declare(rank, "done").returncode == 0
    copy = rank.folder / "checkpoints" / "1"
    assert (copy / "last").readlink() == Path("runs/step1")
    assert (copy / "runs" / "up").read_text() == "one"


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../secret", "dir/../../secret", "here/..", "dir/../dir/../.."]
)
def test_a_link_that_leads_out_is_refused(rank, store, target):
    (store / "dir").mkdir()
    (store / "here").symlink_to(".")
    (store / "link").symlink_to(target)
    outcome = declare(rank, "done")
    assert outcome.returncode == 1
    assert f"the link 'link' points out of the checkpoint folder, to {target!r}" in outcome.stderr
    assert not (rank.folder / "checkpoints.jsonl").exists()
    assert list(rank.folder.glob("checkpoints/*")) == []


def test_what_is_no_file_is_refused(rank, store):
    os.mkfifo(store / "pipe")
    outcome = declare(rank, "done")
    assert outcome.returncode == 1
    assert "'pipe' is neither file, folder nor link" in outcome.stderr


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"checkpoint_bytes_max": 99}, "more than 99 bytes"),
        ({"checkpoint_files_max": 1}, "more than 1 files"),
    ],
)
def test_a_checkpoint_beyond_its_bounds_is_refused(bench, store, bounds, words):
    rank = resting(bench, store, **bounds)
    (store / "a").write_bytes(b"a" * 50)
    (store / "b").write_bytes(b"b" * 50)
    outcome = declare(rank, "done")
    assert outcome.returncode == 1
    assert words in outcome.stderr
    (store / "b").unlink()
    assert declare(rank, "done").returncode == 0


def test_a_rank_without_a_checkpoint_folder_is_told_so(bench):
    rank = bench.shell("echo up; exec sleep 1000")
    rank.prints(b"up")
    assert "this rank has no checkpoint folder" in declare(rank, "done").stderr


def test_outside_a_rank_the_command_says_so():
    outcome = subprocess.run([*PROGRAM, "done"], env={}, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "run this inside a rank that Bostan started" in outcome.stderr


def test_after_the_rank_nobody_answers(rank, store):
    rank.launch.ask(do="stop", checkpoint=False, grace_seconds=0)
    rank.ended()
    outcome = declare(rank, "done")
    assert outcome.returncode == 1
    assert "the rank's supervisor did not answer" in outcome.stderr


def test_one_at_a_time(bench, store, wait_until):
    rank = resting(bench, store)
    (store / "weights").write_bytes(bytes(64 * 1024 * 1024))
    first, second = rank.line(), rank.line()
    first.connection.sendall(json.dumps({"id": 1, "do": "checkpoint_done"}).encode() + b"\n")
    wait_until(lambda: list(rank.folder.glob("checkpoints/.1.tmp")), "copying")
    assert "another checkpoint is being recorded" in second.ask(do="checkpoint_done").get("message", "")
    assert next(first.records())["reply"] == "ok"


def test_a_copy_that_the_lease_cuts_off_is_no_checkpoint(bench, store, wait_until):
    rank = resting(bench, store, grace_seconds=0)
    (store / "weights").write_bytes(bytes(32 * 1024 * 1024))
    line = rank.line()
    line.connection.sendall(json.dumps({"id": 1, "do": "checkpoint_done"}).encode() + b"\n")
    helper = wait_until(lambda: helpers(rank), "helper")[0]
    os.kill(helper, signal.SIGSTOP)
    rank.launch.ask(do="renew", deadline_boottime_ns=boottime_ns() + NS // 20)
    assert "could not be copied in time" in next(line.records())["message"]
    assert rank.ended().checkpoint_seq == 0


def test_the_end_waits_for_a_copy_within_the_lease(bench, store, wait_until):
    """The rank is dead, its folder is still: what it declared last is worth waiting for."""
    rank = resting(bench, store)
    (store / "weights").write_bytes(bytes(64 * 1024 * 1024))
    rank.line().connection.sendall(json.dumps({"id": 1, "do": "checkpoint_done"}).encode() + b"\n")
    wait_until(lambda: helpers(rank), "helper")
    os.kill(rank.state().main_pid, signal.SIGKILL)
    ended = rank.ended()
    assert (ended.signal, ended.checkpoint_seq) == (signal.SIGKILL, 1)


def test_a_killed_helper_leaves_the_way_free(rank, store, wait_until):
    (store / "weights").write_bytes(bytes(64 * 1024 * 1024))
    line = rank.line()
    line.connection.sendall(json.dumps({"id": 1, "do": "checkpoint_done"}).encode() + b"\n")
    wait_until(lambda: list(rank.folder.glob("checkpoints/.1.tmp")), "copying")
    os.kill(helpers(rank)[0], signal.SIGKILL)
    assert next(line.records())["reply"] == "refused"
    (store / "weights").write_bytes(b"small")
    assert declare(rank, "done").returncode == 0
    assert (rank.folder / "checkpoints" / "1" / "weights").read_bytes() == b"small"


def helpers(rank):
    """The process that copies now."""
    state = rank.state()
    return [pid for pid in processes.descendants(state.shim_pid) if pid != state.main_pid]
