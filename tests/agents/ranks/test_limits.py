"""Bounds on what ranks leave behind, and what becomes of what goes beyond them."""

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
