"""Stopping a rank: checkpoint, terminate, kill; and nobody is left, however hidden."""

import os
import signal
import time

import pytest
from bostan_agent.shim import processes
from bostan_agent.shim.records import Cause

# Forks twice, leaves the session, ignores SIGTERM; tells its pid through the log.
HOSTILE = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        print("hidden", flush=True)
        time.sleep(1000)
    os._exit(0)
time.sleep(1000)
"""
CHECKPOINTS = """
import os, signal, subprocess, sys, time
def save(*_):
    print("saving", flush=True)
    open(os.environ["DIR"] + "/weights", "w").write("w")
    {declare}
signal.signal(signal.SIGUSR1, save)
signal.signal(signal.SIGTERM, lambda *_: (print("terminated", flush=True), sys.exit(0)))
print("ready", flush=True)
while True:
    time.sleep(100)
"""
DECLARE = "subprocess.run([sys.executable, '-m', 'bostan_agent.shim.checkpoint', 'done'], check=True)"


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def stop():
    def ask(rank, *, checkpoint=False, grace_seconds=10.0):
        assert rank.launch.ask(do="stop", checkpoint=checkpoint, grace_seconds=grace_seconds)["reply"] == "ok"

    return ask


def test_a_polite_rank_ends_by_sigterm_long_before_the_grace(bench, stop):
    rank = bench.shell("exec sleep 1000")
    rank.launch.event("started")
    stop(rank, grace_seconds=1000)
    ended = rank.ended()
    assert (ended.cause, ended.signal) == (Cause.STOPPED, signal.SIGTERM)


@pytest.mark.parametrize("cgroup", [True, False], ids=["with a cgroup", "without a cgroup"])
def test_a_rank_that_hides_and_ignores_sigterm_is_gone(bench, stop, cgroup):
    rank = bench.python(HOSTILE, cgroup=cgroup)
    rank.prints(b"hidden")
    assert len(rank.crew()) == 2
    stop(rank, grace_seconds=0.1)
    ended = rank.ended()
    assert (ended.cause, ended.signal) == (Cause.STOPPED, signal.SIGKILL)
    assert rank.crew() == []
    assert (rank.state().cgroup is not None) <= cgroup


@pytest.mark.parametrize("cgroup", [True, False], ids=["with a cgroup", "without a cgroup"])
def test_every_process_is_asked_before_it_is_killed(bench, stop, cgroup):
    child = "trap 'echo child asked; exit' TERM; echo child ready; while :; do sleep 0.01; done"
    rank = bench.shell(f'setsid sh -c "{child}" & trap : TERM; while :; do sleep 0.01; done', cgroup=cgroup)
    rank.prints(b"child ready")
    stop(rank, grace_seconds=0.5)
    rank.ended()
    assert b"child asked" in rank.log()


def test_a_stopped_process_is_killed_too(bench, stop, wait_until):
    rank = bench.shell("kill -STOP $$")
    wait_until(lambda: processes.facts(rank.state().main_pid).state == "T", "stopped process")
    stop(rank, grace_seconds=0.05)
    assert rank.ended().signal == signal.SIGKILL


def test_a_second_stop_may_hurry_the_first(bench, stop):
    rank = bench.python(HOSTILE)
    rank.prints(b"hidden")
    stop(rank, grace_seconds=1000)
    stop(rank, grace_seconds=0)
    assert rank.ended().signal == signal.SIGKILL


def test_a_second_stop_never_slows_the_first(bench, stop):
    rank = bench.python(HOSTILE)
    rank.prints(b"hidden")
    began = time.monotonic()
    stop(rank, grace_seconds=0.2)
    stop(rank, grace_seconds=1000)
    rank.ended()
    assert time.monotonic() - began < 10


def test_a_rank_that_promised_to_is_asked_for_a_checkpoint_first(bench, stop, store):
    rank = bench.python(
        CHECKPOINTS.format(declare=DECLARE),
        env={"DIR": str(store)},
        checkpoint_on_signal=True,
        checkpoint_dir=str(store),
        checkpoint_grace_seconds=1000,
    )
    rank.prints(b"ready\n")
    stop(rank, checkpoint=True, grace_seconds=1000)
    ended = rank.ended()
    assert rank.log() == b"ready\nsaving\nterminated\n"
    assert (ended.cause, ended.code, ended.checkpoint_seq) == (Cause.STOPPED, 0, 1)


def test_a_rank_that_never_declares_is_terminated_when_its_time_is_up(bench, stop, store):
    source = CHECKPOINTS.format(declare="pass")
    rank = bench.python(
        source, env={"DIR": str(store)}, checkpoint_on_signal=True, checkpoint_grace_seconds=0.2
    )
    rank.prints(b"ready\n")
    stop(rank, checkpoint=True)
    assert rank.ended().checkpoint_seq == 0
    assert rank.log() == b"ready\nsaving\nterminated\n"


def test_no_checkpoint_is_asked_for_when_the_stop_wants_none(bench, stop, store):
    rank = bench.python(
        CHECKPOINTS.format(declare="pass"), env={"DIR": str(store)}, checkpoint_on_signal=True
    )
    rank.prints(b"ready\n")
    stop(rank, checkpoint=False)
    rank.ended()
    assert rank.log() == b"ready\nterminated\n"


def test_a_rank_without_the_promise_never_sees_sigusr1(bench, stop, store):
    rank = bench.python(
        CHECKPOINTS.format(declare="pass"), env={"DIR": str(store)}, checkpoint_on_signal=False
    )
    rank.prints(b"ready\n")
    stop(rank, checkpoint=True)
    rank.ended()
    assert rank.log() == b"ready\nterminated\n"


def test_a_rank_that_has_no_handler_yet_is_not_killed_by_the_request(bench, stop):
    """Its promise holds once its program is loaded; until then SIGUSR1 would be its death."""
    rank = bench.shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.01; done", checkpoint_on_signal=True)
    rank.prints(b"up")
    stop(rank, checkpoint=True)
    assert rank.ended().code == 5


def test_a_terminated_shim_stops_its_rank_in_order(bench):
    rank = bench.shell("trap 'exit 6' TERM; echo up; while :; do sleep 0.01; done")
    rank.prints(b"up")
    os.kill(rank.state().shim_pid, signal.SIGTERM)
    ended = rank.ended()
    assert (ended.cause, ended.code) == (Cause.STOPPED, 6)
