"""Agents that die while ranks run, and those who come after them."""

import json
import shutil
import sqlite3

from bostan_agent.journal import tables
from bostan_agent.shim import processes


async def gone(centre, agent):
    """The agent is no more; its session is over. One in a process of its own is killed."""
    await agent.kill()
    centre.stream = None


async def back(centre, agent, wait_for):
    await agent.start()
    await wait_for(lambda: centre.stream, "a session")


def states(centre):
    return {rank.id.attempt_id: rank.state for rank in centre.actuals[-1].ranks}


async def test_a_killed_agent_leaves_its_rank_running_and_the_next_one_tells_of_its_end_once(
    centre, agents, wait_for, tmp_path
):
    agent = await agents(process=True)
    gpu = centre.hellos[-1].inventory.gpus[0].uuid
    goes_on = tmp_path / "go"
    script = f"echo one; until test -e {goes_on}; do sleep 0.02; done; echo two; exit 3"
    started = await centre.run("a1", "sh", "-c", script, gpu_uuids=[gpu])
    await gone(centre, agent)
    await back(centre, agent, wait_for)
    assert (states(centre)["a1"], centre.hellos[0].journal_id) == (3, centre.hellos[1].journal_id)
    await centre.want(centre.offer("a2", "true", gpu_uuids=[gpu], counter=2))
    assert (await centre.heard("a2", "refused")).reason == "gpu-busy"
    goes_on.touch()
    exited = await centre.heard("a1", "exited")
    await centre.heard("a1", "released")
    await wait_for(lambda: ("a1", 0) in centre.log_ended, "the log's end")
    assert (exited.exit_code, centre.log_of("a1")) == (3, "one\ntwo\n")
    for kind in ("accepted", "started", "exited", "released", "usage"):
        assert len(centre.of("a1", kind)) == 1, kind
    assert centre.of("a1", "started")[0].started == started


async def test_an_end_that_no_agent_saw_is_told_by_the_next(centre, agents, wait_for, tmp_path):
    agent = await agents(process=True)
    goes_on = tmp_path / "go"
    script = f"""until test -e {goes_on}; do sleep 0.02; done
echo x > $BOSTAN_CHECKPOINT_DIR/state; bostan-checkpoint done --step 9; echo out > $BOSTAN_OUTPUT_DIR/out; echo bye"""
    await centre.run("a1", "sh", "-c", script)
    await gone(centre, agent)
    goes_on.touch()
    await wait_for(lambda: list(agent.state_dir.glob("ranks/a1.0/exit.json")), "the exit record")
    await back(centre, agent, wait_for)
    exited = await centre.heard("a1", "exited")
    assert (exited.exit_code, exited.checkpoint_pending) == (0, True)
    assert (await centre.heard("a1", "checkpoint_stored")).step == 9
    await centre.heard("a1", "output_stored")
    await wait_for(lambda: centre.log_of("a1") == "bye\n")
    await wait_for(lambda: not list(agent.state_dir.glob("ranks/a1*")), "forgetting")


async def test_a_wiped_journal_is_written_again_from_the_folders(centre, agents, wait_for):
    agent = await agents()
    gpu = centre.hellos[-1].inventory.gpus[0].uuid
    await centre.run("a1", "sleep", "60", gpu_uuids=[gpu], counter=5)
    await gone(centre, agent)
    for file in agent.state_dir.glob("journal.db*"):
        file.unlink()
    await back(centre, agent, wait_for)
    assert centre.hellos[0].journal_id != centre.hellos[1].journal_id
    await wait_for(lambda: len(centre.of("a1", "started")) == 2, "the start told again")
    assert centre.of("a1", "started")[0].fencing == centre.of("a1", "started")[1].fencing
    await centre.want(centre.entry("a1", counter=5, stop={"cause": "cancelled"}))
    await centre.heard("a1", "exited")
    await centre.heard("a1", "released")
    await centre.want(centre.offer("a2", "true", gpu_uuids=[gpu], counter=4))
    assert (await centre.heard("a2", "refused")).reason == "fenced"


async def test_a_fencing_number_is_refused_after_a_restart_too(centre, agents, wait_for):
    agent = await agents()
    gpu = centre.hellos[-1].inventory.gpus[0].uuid
    await centre.accepted("a1", "true", gpu_uuids=[gpu], counter=7)
    await gone(centre, agent)
    await back(centre, agent, wait_for)
    assert states(centre) == {"a1": 2}
    await centre.want(centre.entry("a1", counter=7, release={"cause": "not-wanted"}))
    await centre.heard("a1", "released")
    await centre.want(centre.offer("a2", "true", gpu_uuids=[gpu], counter=6))
    refused = await centre.heard("a2", "refused")
    assert (refused.reason, "has seen 1.7" in refused.detail) == ("fenced", True)
    await centre.accepted("a3", "true", gpu_uuids=[gpu], counter=7)


async def test_an_accepted_rank_is_started_by_the_next_agent_or_lapses(centre, agents, wait_for):
    agent = await agents()
    await centre.accepted("a1", "sh", "-c", "echo $MASTER_PORT")
    await centre.accepted("a2", "true", counter=2, within_seconds=2)
    port = centre.of("a1", "accepted")[0].accepted.port
    await gone(centre, agent)
    await back(centre, agent, wait_for)
    await centre.want(centre.start_entry("a1"))
    await wait_for(lambda: centre.log_of("a1") == f"{port}\n")
    await centre.heard("a2", "released")
    assert centre.of("a2", "started") == []


async def test_ranks_of_an_earlier_boot_are_told_to_have_ended_with_it(centre, agents, wait_for):
    agent = await agents()
    await centre.accepted("a1", "true")
    await centre.run("a2", "sh", "-c", "sleep 60", counter=2)
    await gone(centre, agent)
    _pretend_reboot(agent.state_dir)
    await back(centre, agent, wait_for)
    await centre.heard("a1", "released")
    assert (await centre.heard("a2", "exited")).cause == "node-rebooted"
    await centre.heard("a2", "released")
    assert centre.of("a1", "exited") == []


def _pretend_reboot(state_dir):
    """What a reboot leaves: folders and notes that name another boot, and no process."""
    for state in state_dir.glob("ranks/*/state.json"):
        record = json.loads(state.read_text())
        for name in ("shim", "main"):
            processes.kill_exactly(record[f"{name}_pid"], record[f"{name}_ticks"])
        shutil.rmtree(state.parent)
    connection = sqlite3.connect(state_dir / "journal.db", isolation_level=None)
    notes_alone = {key: text for key, text in tables.notes(connection).items() if "/" not in key}
    for key, text in notes_alone.items():
        notes = json.dumps({**json.loads(text), "boot_id": "another"})
        connection.execute("UPDATE notes SET body = ? WHERE rank = ?", (notes, key))
    connection.close()


async def test_sigterm_ends_the_agent_in_order_and_its_rank_runs_on(centre, agents, wait_for):
    agent = await agents(process=True)
    await centre.run("a1", "sleep", "60")
    assert await agent.end() == 0
    centre.stream = None
    await back(centre, agent, wait_for)
    assert states(centre) == {"a1": 3}
    assert centre.of("a1", "exited") == []


async def test_a_rank_whose_agent_never_comes_back_ends_with_its_lease(centre, agents, wait_for):
    agent = await agents(process=True)
    await centre.run("a1", "sleep", "60", lease_seconds=1.5, grace_seconds=0)
    await gone(centre, agent)
    record = await wait_for(lambda: list(agent.state_dir.glob("ranks/a1.0/exit.json")), "the exit record")
    assert "lease_ended" in record[0].read_text()


async def test_a_rank_whose_offer_was_deleted_keeps_its_gpus_until_it_ends(centre, agents, wait_for):
    agent = await agents()
    gpu = centre.hellos[-1].inventory.gpus[0].uuid
    await centre.run("a1", "sleep", "60", gpu_uuids=[gpu])
    await gone(centre, agent)
    for file in [*agent.state_dir.glob("journal.db*"), agent.state_dir / "work/a1.0/offer"]:
        file.unlink()
    await back(centre, agent, wait_for)
    assert list(centre.actuals[-1].ranks[0].gpu_uuids) == [gpu]
    await centre.want(centre.offer("a2", "true", gpu_uuids=[gpu], counter=2))
    assert (await centre.heard("a2", "refused")).reason == "gpu-busy"
