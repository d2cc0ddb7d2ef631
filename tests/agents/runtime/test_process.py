"""The runtime `process`: events of a life, its limits, and what it does when its launcher dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bostan_agent.runtime import folders
from bostan_agent.runtime.errors import (
    RankExists,
    RankUnknown,
    ShimRefused,
    ShimUnreachable,
    StillRunning,
    TooManyRanks,
)
from bostan_agent.runtime.launcher import Launcher
from bostan_agent.runtime.port import (
    CheckpointDeclared,
    Exited,
    FirstOutput,
    Isolation,
    RankHandle,
    Started,
    Stopping,
)
from bostan_agent.shim import processes
from bostan_agent.shim.records import Cause
from bostan_agent.shim.spec import RankKey


async def test_a_life_is_told_in_order(node, tools):
    runtime = node.runtime()
    handle = await runtime.start(node.shell("echo hello; exit 3"))
    started, first, exited = await tools.story(runtime)
    assert (type(started), type(first), type(exited)) == (Started, FirstOutput, Exited)
    assert {event.key for event in (started, first, exited)} == {handle.key}
    assert exited.exit == folders.exit_of(handle.folder)
    assert (exited.exit.code, exited.exit.first_output) == (3, first.at)


async def test_a_failed_start_is_an_exit(node, tools):
    runtime = node.runtime()
    await runtime.start(node.spec(["no-such-command"]))
    [exited] = await tools.story(runtime)
    assert exited.exit.cause is Cause.START_FAILED


async def test_a_stop_is_announced_and_ends_in_an_exit(node, tools):
    runtime = node.runtime()
    handle = await runtime.start(node.shell("exec sleep 1000"))
    await tools.event(runtime, Started)
    await runtime.stop(handle, checkpoint=True, grace_seconds=10)
    stopping, exited = await tools.story(runtime)
    assert (stopping, exited.exit.cause) == (Stopping(handle.key, Cause.STOPPED), Cause.STOPPED)


async def test_a_declared_checkpoint_is_an_event(node, tools, tmp_path):
    (tmp_path / "store").mkdir()
    declare = f"{sys.executable} -m bostan_agent.shim.checkpoint done --step 12"
    runtime = node.runtime()
    await runtime.start(node.shell(declare, checkpoint_dir=str(tmp_path / "store")))
    declared = await tools.event(runtime, CheckpointDeclared)
    assert (declared.checkpoint.seq, declared.checkpoint.step) == (1, 12)


async def test_a_rank_is_started_once(node):
    runtime = node.runtime()
    spec = node.shell("exec sleep 1000")
    await runtime.start(spec)
    with pytest.raises(RankExists, match="forget it first"):
        await runtime.start(spec)


async def test_a_folder_that_is_not_adopted_is_not_run_over(node):
    spec = node.shell("true")
    node.kill(node.agent(spec))
    with pytest.raises(RankExists):
        await node.runtime().start(spec)


async def test_the_node_takes_only_so_many_ranks_until_one_is_forgotten(node, tools):
    runtime = node.runtime(ranks_max=2)
    first = await runtime.start(node.shell("exit 0"))
    await tools.event(runtime, Exited)
    await runtime.start(node.shell("exec sleep 1000"))
    with pytest.raises(TooManyRanks, match="2 ranks"):
        await runtime.start(node.shell("exit 0"))
    await runtime.forget(first)
    await runtime.start(node.shell("exit 0"))


async def test_only_what_has_ended_is_forgotten(node, tools):
    runtime = node.runtime()
    handle = await runtime.start(node.shell("exec sleep 1000"))
    with pytest.raises(StillRunning):
        await runtime.forget(handle)
    await runtime.stop(handle, checkpoint=False, grace_seconds=0)
    await tools.event(runtime, Exited)
    await runtime.forget(handle)
    assert not handle.folder.exists()
    with pytest.raises(RankUnknown):
        await runtime.stop(handle, checkpoint=False, grace_seconds=0)


async def test_a_rank_never_heard_of_is_unknown(node):
    handle = RankHandle(RankKey("stranger", 0), node.ranks_dir / "stranger.0")
    with pytest.raises(RankUnknown, match="neither started nor found here"):
        await node.runtime().status(handle)


async def test_the_shims_no_is_passed_on_with_its_reason(node, tools):
    runtime = node.runtime()
    handle = await runtime.start(node.shell("trap : TERM; echo up; while :; do sleep 0.01; done"))
    await tools.event(runtime, FirstOutput)
    await runtime.stop(handle, checkpoint=False, grace_seconds=1000)
    with pytest.raises(ShimRefused, match="the rank is being stopped"):
        await runtime.renew(handle, 0)


async def test_a_shim_that_hangs_is_reported_and_not_given_up(node, tools):
    runtime = node.runtime(reply_seconds_max=0.2)
    spec = node.shell("exec sleep 1000")
    handle = await runtime.start(spec)
    await tools.event(runtime, Started)
    shim = node.state(spec).shim_pid
    os.kill(shim, signal.SIGSTOP)
    with pytest.raises(ShimUnreachable):
        await runtime.status(handle)
    os.kill(shim, signal.SIGCONT)
    assert (await runtime.status(handle)).phase == "running"


async def test_events_that_nobody_fetches_make_shims_wait_and_are_not_lost(node, tools):
    runtime = node.runtime(events_max=1)
    handles = [await runtime.start(node.shell("echo hello")) for _ in range(5)]
    for handle in handles:
        await tools.until(lambda handle=handle: folders.exit_of(handle.folder), "exit record")
    heard = [await runtime.next_event() for _ in range(15)]
    for handle in handles:
        kinds = [type(event) for event in heard if event.key == handle.key]
        assert kinds == [Started, FirstOutput, Exited]


async def test_a_dead_launcher_is_replaced_and_its_ranks_live_on(node, tools):
    runtime = node.runtime()
    await runtime.start(node.shell("exec sleep 1000"))
    await tools.event(runtime, Started)
    dead = launcher_of(runtime)
    os.kill(dead, signal.SIGKILL)
    await tools.until(lambda: processes.facts(dead).state == "Z", "death of the launcher")
    second = await runtime.start(node.shell("echo hello; exec sleep 1000"))
    assert (await tools.event(runtime, FirstOutput)).key == second.key
    assert launcher_of(runtime) != dead
    assert len(runtime._watches) == 2


async def test_a_request_that_dies_with_the_launcher_is_made_again(node, tools):
    runtime = node.runtime()
    runtime.warm()
    os.kill(launcher_of(runtime), signal.SIGSTOP)
    await runtime.start(node.shell("exit 8"))
    os.kill(launcher_of(runtime), signal.SIGKILL)
    [*_, exited] = await tools.story(runtime)
    assert exited.exit.code == 8


async def test_more_requests_than_the_launcher_can_queue_are_all_served(node, tools):
    runtime = node.runtime()
    for _ in range(60):
        await runtime.start(node.shell("exit 0"))
    exits = [(await tools.event(runtime, Exited)).exit.code for _ in range(60)]
    assert exits == [0] * 60


async def test_closing_ends_the_launcher_and_no_rank(node, tools):
    runtime = node.runtime()
    spec = node.shell("exec sleep 1000")
    await runtime.start(spec)
    await tools.event(runtime, Started)
    launcher = launcher_of(runtime)
    await runtime.close()
    assert processes.facts(launcher) is None
    assert len(node.crew(spec)) == 1


def test_the_launcher_needs_nothing_but_the_standard_library():
    """Shims are small and start fast because nothing else is ever loaded."""
    listing = (
        "import sys; sys.path.append(sys.argv[1]); import bostan_agent.shim.zygote; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    root = str(Path(folders.__file__).parent.parent.parent)
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", "-c", listing, root], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.split() == ["__main__", "bostan_agent"]


async def test_an_idle_node_has_no_launcher_and_gets_one_again(node, tools):
    runtime = node.runtime(rest_after_seconds=0.2)
    assert launcher_of(runtime) is None
    await runtime.start(node.shell("exec sleep 1000"))
    await tools.event(runtime, Started)
    launcher = launcher_of(runtime)
    await tools.until(lambda: processes.facts(launcher) is None, "the launcher's rest")
    assert len(runtime._watches) == 1
    await runtime.start(node.shell("exec sleep 1000"))
    await tools.event(runtime, Started)
    assert launcher_of(runtime) not in (None, launcher)


async def test_the_launcher_gives_no_secret_of_the_agent_away(monkeypatch):
    monkeypatch.setenv("BOSTAN_PARK_TOKEN", "secret")
    launcher = Launcher(rest_after_seconds=60)
    launcher.warm()
    try:
        assert b"secret" not in environment_of(launcher.pid)
    finally:
        launcher.close(5)


def test_isolation_is_not_overstated(node):
    assert node.runtime().isolation() is Isolation.ENV


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def launcher_of(runtime):
    return runtime._launcher.pid
