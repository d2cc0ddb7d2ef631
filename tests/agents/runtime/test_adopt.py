"""An agent comes back: what ran on is found, what was lost is swept and reported, nothing is confused."""

import json
import os
import signal
import subprocess

import pytest
from bostan_agent.runtime import folders
from bostan_agent.runtime.port import EndedRank, Exited, FirstOutput, LivingRank, Started
from bostan_agent.shim import processes
from bostan_agent.shim.cgroup import Cgroup
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.log import read_log
from bostan_agent.shim.records import Cause


@pytest.fixture
def bystander():
    """The pid of a process that is none of ours."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process.pid
        process.kill()


async def test_ranks_run_on_after_their_agent_is_killed_and_are_adopted(node, tools):
    specs = [node.shell(f"echo rank {i}; exec sleep 1000", rank=i, attempt_id="gang") for i in range(3)]
    node.kill(node.agent(*specs))
    mains = [node.state(spec).main_pid for spec in specs]
    runtime = node.runtime()
    found = await runtime.adopt()
    assert [(type(rank), rank.spec) for rank in found] == [(LivingRank, spec) for spec in specs]
    for rank in found:
        await tools.event(runtime, Started)
        status = await runtime.status(rank.handle)
        assert (status.phase, status.state.main_pid) == ("running", mains[rank.handle.key.rank])
        await runtime.stop(rank.handle, checkpoint=False, grace_seconds=5)
    ended = [await tools.event(runtime, Exited) for _ in specs]
    assert {(event.exit.cause, event.exit.signal) for event in ended} == {(Cause.STOPPED, signal.SIGTERM)}


async def test_what_ended_meanwhile_is_reported_with_its_code(node, tools):
    spec = node.shell("echo bye; exit 7")
    node.kill(node.agent(spec))
    await tools.until(lambda: folders.exit_of(node.ranks_dir / spec.key.folder_name), "exit record")
    runtime = node.runtime()
    [ended] = await runtime.adopt()
    assert isinstance(ended, EndedRank)
    assert (ended.exit.code, ended.spec) == (7, spec)
    assert read_log(ended.handle.folder, 0, 100).data == b"bye\n"
    await runtime.forget(ended.handle)
    assert list(node.ranks_dir.iterdir()) == []


async def test_an_adopted_rank_tells_its_story_so_far_and_to_its_end(node, tools):
    spec = node.shell("echo up; read line < go; exit 4", cwd=str(node.folder))
    os.mkfifo(node.folder / "go")
    node.kill(node.agent(spec))
    await tools.until(lambda: read_log(node.ranks_dir / "try1.0", 0, 10).data, "output")
    runtime = node.runtime()
    await runtime.adopt()
    await tools.event(runtime, FirstOutput)
    (node.folder / "go").write_text("go\n")
    [*_, exited] = await tools.story(runtime)
    assert exited.exit.code == 4


async def test_an_agent_that_never_returns_is_not_needed_at_the_deadline(node, tools):
    spec = node.shell("trap : TERM; while :; do sleep 0.01; done", lease_seconds=4, grace_seconds=30)
    node.kill(node.agent(spec))
    ended = await tools.until(lambda: folders.exit_of(node.ranks_dir / "try1.0"), "exit record")
    assert ended.cause is Cause.LEASE_ENDED
    assert ended.ended.boottime_ns < spec.lease_deadline_boottime_ns
    assert node.crew(spec) == []


async def test_a_rank_whose_shim_died_is_swept_and_reported(node, tools):
    hostile = "trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &) ; while :; do sleep 1; done"
    for cgroup in (True, False):
        spec = node.shell(hostile, cgroup=cgroup)
        node.kill(node.agent(spec))
        await tools.until(lambda spec=spec: len(node.crew(spec)) >= 3, "hidden process")
        state = node.state(spec)
        assert processes.kill_exactly(state.shim_pid, state.shim_ticks)
    runtime = node.runtime()
    await tools.until(lambda: not alive(state.shim_pid), "death of the shim")
    found = await runtime.adopt()
    assert [rank.exit.cause for rank in found] == [Cause.SHIM_LOST, Cause.SHIM_LOST]
    assert [node.crew(rank.spec) for rank in found] == [[], []]
    assert found[0].exit.started == node.state(found[0].spec).started
    assert not [rank for rank in found if Cgroup(node.state(rank.spec).cgroup or "/no").pids()]


async def test_a_shim_that_dies_under_a_living_agent_is_noticed_at_once(node, tools):
    runtime = node.runtime()
    spec = node.shell("setsid sleep 1000 & echo up; sleep 1000")
    await runtime.start(spec)
    await tools.event(runtime, FirstOutput)
    os.kill(node.state(spec).shim_pid, signal.SIGKILL)
    exited = await tools.event(runtime, Exited)
    assert exited.exit.cause is Cause.SHIM_LOST
    assert node.crew(spec) == []


async def test_after_a_reboot_nothing_is_adopted_and_nobody_is_killed(node, tools, bystander):
    spec = node.shell("exec sleep 1000")
    node.kill(node.agent(spec))
    folder = node.ranks_dir / spec.key.folder_name
    state = node.state(spec)
    os.kill(state.shim_pid, signal.SIGKILL)
    await tools.until(lambda: not alive(state.shim_pid), "death of the shim")
    # The same numbers, of another boot: they now name a process that is none of ours.
    pretend(
        folder,
        boot_id="another",
        main_pid=bystander,
        main_ticks=processes.start_ticks(bystander),
    )
    [found] = await node.runtime().adopt()
    assert (found.exit.cause, found.exit.boot_id) == (Cause.NODE_REBOOTED, "another")
    assert alive(bystander)


async def test_a_pid_that_changed_hands_is_spared(node, tools, bystander):
    spec = node.shell("exec sleep 1000")
    node.kill(node.agent(spec))
    state = node.state(spec)
    os.kill(state.shim_pid, signal.SIGKILL)
    await tools.until(lambda: not alive(state.shim_pid) and not node.crew(spec), "death of the rank")
    other_ticks = processes.start_ticks(bystander) - 1
    pretend(node.ranks_dir / spec.key.folder_name, main_pid=bystander, main_ticks=other_ticks)
    [found] = await node.runtime().adopt()
    assert found.exit.cause is Cause.SHIM_LOST
    assert alive(bystander)


async def test_a_rank_whose_shim_never_came_up_is_a_failed_start(node):
    spec = node.shell("echo never")
    runtime = node.runtime()
    folders.create(node.ranks_dir, spec)
    [found] = await runtime.adopt()
    assert (found.exit.cause, found.exit.message) == (Cause.START_FAILED, "its shim did not come up")


async def test_a_spec_torn_by_a_power_cut_is_a_failed_start(node):
    runtime = node.runtime()
    (node.ranks_dir / "torn.3").mkdir()
    (node.ranks_dir / "empty.4").mkdir()
    (node.ranks_dir / "torn.3" / "spec.json").write_bytes(b"")
    found = await runtime.adopt()
    assert [(rank.handle.key.rank, rank.exit.cause, rank.spec) for rank in found] == [
        (4, Cause.START_FAILED, None),
        (3, Cause.START_FAILED, None),
    ]


async def test_half_made_and_half_deleted_folders_are_cleared_away(node):
    runtime = node.runtime()
    for name in (".try1.0.new", ".try2.0.gone", "notes"):
        (node.ranks_dir / name).mkdir()
    assert await runtime.adopt() == []
    assert [path.name for path in node.ranks_dir.iterdir()] == ["notes"]


async def test_a_renewal_outlives_the_agent(node, tools):
    runtime = node.runtime()
    handle = await runtime.start(node.shell("exec sleep 1000", lease_seconds=60))
    await tools.event(runtime, Started)
    renewed = boottime_ns() + 3600 * NS
    await runtime.renew(handle, renewed)
    await runtime.close()
    again = node.runtime()
    [found] = await again.adopt()
    assert (await again.status(found.handle)).deadline_boottime_ns == renewed


def alive(pid):
    known = processes.facts(pid)
    return known is not None and known.state not in "ZX"


def pretend(folder, **changes):
    """Write other facts into a rank's state."""
    state = json.loads((folder / "state.json").read_bytes())
    (folder / "state.json").write_text(json.dumps(state | changes))
