"""The life of jobs, told: a happy one, gangs, cut lines, late news, cancels and requeues."""

import pytest
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.reports import (
    CancelAsked,
    DrainAsked,
    NodeConfirmedDead,
    RequeueAsked,
    UndrainAsked,
)
from bostan_scheduler.service.messages import AskWaits, WaitsAnswer
from stories import Story


@pytest.fixture
def story() -> Story:
    made = Story()
    made.quota("x")
    made.connect("p/a")
    made.connect("p/b")
    made.read()
    return made


def test_a_job_runs_and_its_time_is_counted(story: Story) -> None:
    story.submit("j1", "x 2")
    story.plan()
    assert story.read() == ["offer j1.1/0 p/a"]
    story.accepts("j1.1/0")
    assert story.read() == ["start j1.1/0 p/a"]
    story.starts("j1.1/0")
    assert story.state("j1") == "active running"
    story.exits("j1.1/0", seconds=90)
    assert story.state("j1") == "finished succeeded"
    assert [(one.firm, one.gpu_milliseconds) for one in story.store.usage(None, 0, story.now)] == [
        ("x", 180_000)
    ]


def test_no_rank_of_a_gang_starts_before_all_have_accepted(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    assert story.read() == ["offer j1.1/0 p/a", "offer j1.1/1 p/b"]
    story.accepts("j1.1/0")
    assert story.read() == []
    story.accepts("j1.1/1")
    assert story.read() == ["start j1.1/0 p/a", "start j1.1/1 p/b"]


def test_a_gang_of_which_one_node_refuses_starts_nowhere(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    story.read()
    story.accepts("j1.1/0")
    story.refuses("j1.1/1")
    assert story.read() == ["release j1.1/0 p/a"]
    assert story.state("j1") == "active withdrawn"
    story.releases("j1.1/0")
    assert story.state("j1") == "queued"


def test_a_start_that_reaches_half_of_a_gang_is_stopped_whole(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    story.accepts("j1.1/0", "j1.1/1")
    story.starts("j1.1/0")
    story.read()
    story.wait(60, hears="p/a p/b")
    assert story.read() == ["stop j1.1/0 p/a not-started", "stop j1.1/1 p/b not-started"]
    story.releases("j1.1/1")
    story.exits("j1.1/0", signal=15, cause="stopped")
    assert story.state("j1") == "queued"


def test_one_failed_rank_stops_the_others(story: Story) -> None:
    story.run("j1", "x 4x2")
    story.exits("j1.1/0", code=3)
    assert story.read() == ["stop j1.1/1 p/b peer-ended"]
    story.exits("j1.1/1", signal=15, cause="stopped")
    assert story.state("j1") == "finished failed"


def test_an_offer_that_nobody_answers_lapses_and_its_gpus_come_back_after_the_margin(story: Story) -> None:
    story.submit("j1")
    story.plan()
    story.wait(60, hears="p/a p/b")
    assert story.state("j1") == "active withdrawn"
    story.read()
    story.wait(30, hears="p/a p/b")
    assert story.read() == ["offer j1.2/0 p/b"], "another node is tried"


def test_a_silent_node_makes_its_attempt_unknown_and_nothing_is_freed(story: Story) -> None:
    story.run("j1", "x 4")
    story.wait(40, hears="p/b")
    assert story.state("j1") == "active unknown"
    story.submit("j2", "x 4x2")
    story.plan()
    assert story.state("j2") == "queued"
    assert story.read() == []


def test_a_cut_line_is_not_a_lost_job(story: Story) -> None:
    story.run("j1")
    story.wait(600, hears="p/b")
    story.connect("p/a", holds="j1.1/0:running")
    assert story.read() == ["start j1.1/0 p/a"], "what is wanted is said again"
    assert story.state("j1") == "active running"
    story.exits("j1.1/0")
    assert story.state("j1") == "finished succeeded"


def test_after_the_lease_has_ended_the_job_goes_on_elsewhere(story: Story) -> None:
    story.run("j1")
    story.wait(3650, hears="p/b")
    assert story.read() == ["offer j1.2/0 p/b"]


def test_a_late_success_ends_the_job_if_its_successor_has_not_started(story: Story) -> None:
    story.run("j1")
    story.wait(3650, hears="p/b")
    story.read()
    story.connect("p/a", holds="j1.1/0:exited")
    story.exits("j1.1/0")
    assert story.read() == ["release j1.2/0 p/b"]
    story.releases("j1.2/0")
    assert story.state("j1") == "finished succeeded"


def test_a_late_success_only_counts_its_usage_once_the_successor_runs(story: Story) -> None:
    story.run("j1")
    story.wait(3650, hears="p/b")
    story.all_run("j1")
    story.connect("p/a", holds="j1.1/0:exited")
    story.exits("j1.1/0", seconds=3000)
    assert story.state("j1") == "active running"
    assert story.store.usage(None, 0, story.now)[0].gpu_milliseconds == 3_000_000


def test_a_rank_that_outlived_its_lease_is_told_to_stop(story: Story) -> None:
    story.run("j1")
    story.wait(3650, hears="p/b")
    story.read()
    story.connect("p/a", holds="j1.1/0:running")
    assert story.read() == ["stop j1.1/0 p/a cancelled"]


def test_a_reboot_ends_the_lease_at_once(story: Story) -> None:
    story.run("j1")
    story.connect("p/a", boot="boot-2")
    story.plan()
    assert story.read() == ["offer j1.2/0 p/b"]


def test_a_node_confirmed_dead_ends_the_lease_at_once(story: Story) -> None:
    story.run("j1")
    assert isinstance(story.tell(NodeConfirmedDead("p/a", "operator")), Refusal), "it is alive"
    story.wait(40, hears="p/b")
    story.tell(NodeConfirmedDead("p/a", "operator"))
    story.plan()
    assert story.read() == ["offer j1.2/0 p/b"]


def test_a_wiped_journal_leaves_what_the_node_still_has_running(story: Story) -> None:
    story.run("j1")
    story.connect("p/a", journal="new", holds="j1.1/0:running")
    assert story.state("j1") == "active running"
    story.exits("j1.1/0")
    assert story.state("j1") == "finished succeeded"


def test_a_node_that_has_lost_sight_of_a_rank_makes_it_unknown(story: Story) -> None:
    story.run("j1")
    story.connect("p/a", journal="new")
    assert story.state("j1") == "active unknown"
    story.wait(3650, hears="p/a p/b")
    assert story.state("j1") == "active offered"
    assert story.job("j1").attempts == 2


def test_cancel_of_an_unknown_attempt_waits_for_the_lease_and_says_so(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(CancelAsked("j1", "member", ""))
    assert story.state("j1") == "active unknown"
    story.connect("p/a", holds="j1.1/0:running")
    assert "stop j1.1/0 p/a cancelled" in story.read()
    story.exits("j1.1/0", signal=15, cause="stopped")
    assert story.state("j1") == "finished cancelled"


def test_cancel_of_an_unknown_attempt_that_never_comes_back(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(CancelAsked("j1", "member", ""))
    story.wait(3650, hears="p/b")
    assert story.state("j1") == "finished cancelled"


def test_cancel_while_queued_offered_and_running(story: Story) -> None:
    story.submit("j1")
    story.tell(CancelAsked("j1", "member", ""))
    assert story.state("j1") == "finished cancelled"
    story.submit("j2")
    story.plan()
    story.read()
    story.tell(CancelAsked("j2", "member", ""))
    assert story.read() == ["release j2.1/0 p/a"]
    story.releases("j2.1/0")
    assert story.state("j2") == "finished cancelled"
    story.run("j3")
    story.tell(CancelAsked("j3", "member", ""))
    assert story.read() == ["stop j3.1/0 p/a cancelled"]
    story.exits("j3.1/0", signal=15, cause="stopped")
    assert story.state("j3") == "finished cancelled"


def test_a_success_that_races_a_cancel_is_a_success(story: Story) -> None:
    story.run("j1")
    story.tell(CancelAsked("j1", "member", ""))
    story.exits("j1.1/0")
    assert story.state("j1") == "finished succeeded"


def test_requeue_takes_a_checkpoint_and_resumes_on_another_node(story: Story) -> None:
    story.run("j1")
    story.saves("j1.1/0", number=1, step=10)
    story.tell(RequeueAsked("j1", "member", checkpoint=True, avoid_node=True))
    assert story.read() == ["stop j1.1/0 p/a requeued with checkpoint"]
    story.saves("j1.1/0", number=2, step=20)
    story.exits("j1.1/0", signal=15, cause="stopped")
    story.plan()
    assert story.read() == ["offer j1.2/0 p/b from step 20"]


def test_the_next_attempt_waits_for_a_checkpoint_on_its_way(story: Story) -> None:
    story.run("j1")
    story.saves("j1.1/0", number=1, step=10)
    story.tell(RequeueAsked("j1", "member", checkpoint=True, avoid_node=False))
    story.saves("j1.1/0", number=2, step=20, stored=False)
    story.exits("j1.1/0", signal=15, cause="stopped")
    story.plan()
    assert story.state("j1") == "queued"
    story.wait(600, hears="p/a p/b")
    assert story.read()[-1] == "offer j1.2/0 p/a from step 10"


def test_a_time_limit_stops_with_a_checkpoint(story: Story) -> None:
    story.run("j1", "x 1 hours=1")
    story.wait(3600, hears="p/a p/b")
    assert story.read() == ["stop j1.1/0 p/a time-limit with checkpoint"]
    story.exits("j1.1/0", signal=15, cause="stopped")
    assert story.state("j1") == "finished timedout"


def test_leases_are_renewed_while_the_node_is_heard(story: Story) -> None:
    story.run("j1", "x 1 hours=24")
    story.wait(7200, hears="p/a p/b")
    assert story.state("j1") == "active running"
    renewals = [one for outbox in story.outboxes for one in outbox.renewals]
    assert len(renewals) in range(20, 25)


def test_retries_run_out(story: Story) -> None:
    story.run("j1")
    for boot in range(2, 6):
        node_id = story.service.snapshot.attempts[f"j1.{boot - 1}"].places[0].node_id
        story.connect(node_id, boot=f"boot-{boot}")
        story.plan()
        if story.state("j1").startswith("active"):
            story.all_run("j1")
    assert story.state("j1") == "finished nodelost"
    assert story.job("j1").attempts == 4


def test_a_drained_node_takes_nothing_and_keeps_what_it_has(story: Story) -> None:
    story.run("j1")
    story.tell(DrainAsked("p/a", "operator", "new fans", requeue=False))
    story.submit("j2")
    story.plan()
    assert story.read() == ["offer j2.1/0 p/b"]
    assert story.state("j1") == "active running"
    story.tell(UndrainAsked("p/a", "operator"))
    story.submit("j3")
    story.plan()
    assert story.read() == ["offer j3.1/0 p/a"]


def test_a_drain_with_requeue_moves_what_runs(story: Story) -> None:
    story.run("j1")
    story.tell(DrainAsked("p/a", "operator", "", requeue=True))
    assert story.read() == ["stop j1.1/0 p/a node-drained with checkpoint"]
    story.exits("j1.1/0", signal=15, cause="stopped")
    story.plan()
    assert story.read() == ["offer j1.2/0 p/b"]


def test_a_new_leader_resumes_offers_and_leases(story: Story) -> None:
    story.submit("j1")
    story.plan()
    story.read()
    story.restarts()
    story.connect("p/a")
    assert story.read() == ["offer j1.1/0 p/a"]
    story.accepts("j1.1/0")
    assert story.read() == ["start j1.1/0 p/a"]


def test_a_resent_journal_is_a_no_op_and_a_gap_waits(story: Story) -> None:
    story.run("j1")
    before = story.seqs["p/a"]
    story.seqs["p/a"] = before - 1
    story.starts("j1.1/0")
    assert story.state("j1") == "active running"
    story.seqs["p/a"] = before + 3
    story.exits("j1.1/0")
    assert story.state("j1") == "active running", "records beyond a gap are not taken in"


def test_an_old_session_is_not_heard(story: Story) -> None:
    story.run("j1")
    old = story.sessions["p/a"]
    story.connect("p/a", holds="j1.1/0:running")
    story.sessions["p/a"] = old
    story.exits("j1.1/0")
    assert story.state("j1") == "active running"


def test_a_node_cannot_speak_for_ranks_of_another(story: Story) -> None:
    story.run("j1")
    attempt = story.service.snapshot.attempts["j1.1"]
    assert attempt.places[0].node_id == "p/a"
    from bostan_scheduler.core.reports import Exited, RankReported
    from bostan_scheduler.service.messages import Journal

    forged = RankReported("p/b", "j1.1", 0, attempt.fencing, Exited(0, 0, "exited", "", 0, 0, 0, 0))
    story.ask(Journal(story.sessions["p/b"], "p/b", story.journals["p/b"], ((1, forged),)))
    assert story.state("j1") == "active running"


def test_a_submit_of_an_unknown_firm_or_project_is_refused(story: Story) -> None:
    assert isinstance(story.submit("j1", "nobody 1"), Refusal)
    assert isinstance(story.submit("j1", "x 1", project="moon"), Refusal)


def test_the_leader_counts_who_waits_for_what(story: Story) -> None:
    story.submit("j1", "x 8")
    story.submit("j2", "x 4")
    story.submit("j3", "x 4")
    story.submit("j4", "x 1 class=h100")
    story.plan()
    (answer,) = story.ask(AskWaits())
    assert answer == WaitsAnswer((("class-not-in-quota", 1), ("no-such-gpu", 1)))
