"""What the simulation and a hard look have found, each as the shortest story that shows it."""

import pytest
from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.reports import (
    Accepted,
    CancelAsked,
    DrainAsked,
    Exited,
    NodeConfirmedDead,
    QuotasApplied,
    Released,
    RequeueAsked,
    Started,
    Used,
)
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.service.messages import AskWhy, Done, WhyAnswer
from stories import Story
from worlds import EVER

SUCCESS = Exited(0, 0, "exited", "", None, None, 0, 0)


@pytest.fixture
def story() -> Story:
    made = Story()
    made.quota("x", gpus=16)
    made.connect("p/a")
    made.connect("p/b")
    made.read()
    return made


def counted_ms(story: Story) -> int:
    return sum(one.gpu_milliseconds for one in story.store.usage(None, 0, EVER))


def test_time_told_again_after_a_wiped_journal_counts_once(story: Story) -> None:
    story.run("j1")
    story.reports("j1.1/0", Used(("g",), 0, 60_000, 60_000, None, 160_000))
    story.connect("p/a", journal="new", holds="j1.1/0:running")
    story.reports("j1.1/0", Used(("g",), 0, 90_000, 90_000, 900, 190_000), SUCCESS, Released())
    assert counted_ms(story) == 90_000
    story.connect("p/a", journal="newer", holds="j1.1/0:exited")
    story.reports("j1.1/0", Used(("g",), 0, 95_000, 95_000, None, 195_000))
    assert counted_ms(story) == 95_000, "also once its job has finished"


def test_an_exit_before_a_reboot_is_heard_before_the_reboot_counts(story: Story) -> None:
    story.run("j1")
    story.connect("p/a", boot="boot-2", holds="j1.1/0:exited")
    assert story.state("j1") == "active running", "the node has it on record how it ended"
    story.reports("j1.1/0", SUCCESS, Released())
    assert story.state("j1") == "finished succeeded"


def test_a_rank_that_a_rebooted_node_does_not_know_is_lost_at_once(story: Story) -> None:
    story.run("j1", "x 4x2")
    story.connect("p/a", boot="boot-2", holds="j1.1/0:running")
    assert story.read() == ["stop j1.1/1 p/b peer-ended"], (
        "nothing runs on through a reboot, whatever is said"
    )


def test_a_boot_that_is_over_does_not_come_back(story: Story) -> None:
    story.run("j1")
    story.connect("p/a", boot="boot-2")
    story.plan()
    story.all_run("j1")
    with pytest.raises(AssertionError, match="boot-1 of p/a is over"):
        story.connect("p/a", boot="boot-1")
    assert story.state("j1") == "active running"


def test_the_exit_of_a_rank_on_a_node_confirmed_dead_still_counts(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(NodeConfirmedDead("p/a", "operator"))
    assert story.state("j1") == "queued"
    story.connect("p/a", boot="boot-2", holds="j1.1/0:exited")
    story.reports("j1.1/0", SUCCESS, Released())
    assert story.state("j1") == "finished succeeded"


def test_a_late_success_also_ends_a_job_whose_successor_is_being_withdrawn(story: Story) -> None:
    story.run("j1")
    story.wait(3650, hears="p/b")
    story.wait(60, hears="p/b")
    assert story.state("j1") == "active withdrawn"
    story.connect("p/a", holds="j1.1/0:exited")
    story.exits("j1.1/0")
    story.wait(60, hears="p/a p/b")
    assert story.state("j1") == "finished succeeded"


def test_a_late_success_counts_whatever_was_wanted_of_the_silent_attempt(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(RequeueAsked("j1", "member", checkpoint=True, avoid_node=False))
    story.wait(3650, hears="p/b")
    story.connect("p/a", holds="j1.1/0:exited")
    story.exits("j1.1/0")
    assert story.state("j1") == "active withdrawn"


def test_how_a_rank_ended_is_put_on_record_even_after_its_job_has_finished(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(CancelAsked("j1", "member", ""))
    story.wait(3650, hears="p/b")
    assert story.state("j1") == "finished cancelled"
    story.connect("p/a", holds="j1.1/0:exited")
    story.exits("j1.1/0", code=7, seconds=20)
    attempt = story.store.attempt("j1.1")
    assert attempt.seen[0].exit_code == 7
    assert counted_ms(story) == 20_000
    assert story.state("j1") == "finished cancelled"


def test_of_two_silent_nodes_one_that_reboots_does_not_free_the_other(story: Story) -> None:
    story.run("j1", "x 4x2")
    story.wait(40)
    story.connect("p/a", boot="boot-2")
    story.wait(300, hears="p/a")
    assert story.state("j1") == "active ending"
    story.wait(3400, hears="p/a")
    assert story.service.snapshot.jobs["j1"].tries.node_lost == 1
    assert story.state("j1") == "queued", "p/b is still silent, and the gang needs both"


def test_a_time_limit_that_passes_in_silence_ends_the_job_with_its_lease(story: Story) -> None:
    story.run("j1", "x 1 hours=1")
    story.wait(3650, hears="p/b")
    assert story.state("j1") == "finished timedout", "its lease ended at its limit"


def test_a_gang_whose_ranks_all_succeed_has_succeeded_though_it_was_to_stop(story: Story) -> None:
    story.run("j1", "x 4x2")
    story.tell(CancelAsked("j1", "member", ""))
    story.exits("j1.1/0")
    story.exits("j1.1/1")
    assert story.state("j1") == "finished succeeded"


def test_the_node_that_did_not_answer_is_blamed_and_not_the_one_that_did(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    story.accepts("j1.1/0")
    story.wait(60, hears="p/a p/b")
    assert story.service.snapshot.attempts["j1.1"].phase.outcome.node_id == "p/b"  # type: ignore[union-attr]


def test_an_exit_of_what_was_never_started_is_not_believed(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    story.reports("j1.1/0", Accepted("127.0.0.1", 1), SUCCESS)
    story.reports("j1.1/1", Accepted("127.0.0.1", 1), SUCCESS)
    assert story.state("j1") == "active starting"


def test_a_node_that_has_nothing_of_an_attempt_any_more_may_be_silent(story: Story) -> None:
    story.run("j1", "x 4x2")
    story.exits("j1.1/0")
    story.wait(4000, hears="p/b")
    assert story.state("j1") == "active running"
    story.exits("j1.1/1")
    assert story.state("j1") == "finished succeeded"


def test_a_start_behind_a_cut_line_is_given_time_to_be_told(story: Story) -> None:
    story.submit("j1", "x 1")
    story.plan()
    story.accepts("j1.1/0")
    story.wait(600, hears="p/b")
    story.connect("p/a", holds="j1.1/0:running")
    story.plan()
    story.starts("j1.1/0")
    assert story.state("j1") == "active running"
    assert "stop" not in " ".join(story.read())


def test_the_time_limit_counts_from_the_start_and_not_from_when_it_was_heard(story: Story) -> None:
    story.submit("j1", "x 1 hours=1")
    story.plan()
    story.accepts("j1.1/0")
    began = story.now
    story.wait(1800, hears="p/b")
    story.connect("p/a", holds="j1.1/0:running")
    story.reports("j1.1/0", Started(began))
    story.wait(1810, hears="p/a p/b")
    assert story.read()[-1] == "stop j1.1/0 p/a time-limit with checkpoint"


def test_an_offer_to_a_node_that_is_being_drained_is_withdrawn(story: Story) -> None:
    story.submit("j1")
    story.plan()
    story.read()
    story.tell(DrainAsked("p/a", "operator", "", requeue=False))
    assert story.read() == ["release j1.1/0 p/a"]
    story.releases("j1.1/0")
    story.plan()
    assert story.read() == ["offer j1.2/0 p/b"]


def test_a_drain_with_requeue_also_moves_what_is_behind_a_cut_line(story: Story) -> None:
    story.run("j1")
    story.wait(40, hears="p/b")
    story.tell(DrainAsked("p/a", "operator", "", requeue=True))
    story.connect("p/a", holds="j1.1/0:running")
    assert story.read()[-1] == "stop j1.1/0 p/a node-drained with checkpoint"


def test_a_rank_held_under_another_fencing_number_is_not_that_rank(story: Story) -> None:
    story.run("j1")
    del story.fencing["j1.1"]
    story.connect("p/a", holds="j1.1/0:running")
    assert story.state("j1") == "active unknown"


def test_a_rank_accepted_anew_is_reached_at_its_new_address(story: Story) -> None:
    story.submit("j1", "x 4x2")
    story.plan()
    story.accepts("j1.1/0")
    story.connect("p/a", journal="new")
    story.reports("j1.1/0", Accepted("127.0.0.1", 9999))
    assert story.service.snapshot.attempts["j1.1"].seen[0].port == 9999  # type: ignore[union-attr]


def test_a_gang_that_no_park_can_ever_hold_is_told_so(story: Story) -> None:
    story.submit("j1", "x 3x3")
    story.plan()
    reply = story.ask(AskWhy("j1"))[0]
    assert isinstance(reply, WhyAnswer)
    assert reply.why.waits[0].reason == "no-such-gpu"


def test_what_runs_under_a_quota_that_is_gone_still_counts_at_the_root(story: Story) -> None:
    tenants, parks = {"x": Firm("x")}, {"p": Park("p")}

    def tree(leaf: str) -> QuotaTree:
        root = QuotaNode("root", None, None, 0, EVER, {"a100": ClassQuota(Gpus(4))})
        return QuotaTree({"root": root, leaf: QuotaNode(leaf, "root", "x", 0, EVER, {"a100": ClassQuota()})})

    story.tell(QuotasApplied(tree("x"), tenants, parks, {}, "admin"))
    story.run("j1", "x 3")
    assert story.tell(QuotasApplied(tree("renamed"), tenants, parks, {}, "admin")) == Done()
    story.submit("j2", "x 2")
    story.plan()
    assert story.state("j2") == "queued"


def test_a_gpu_that_two_nodes_claim_is_given_once(story: Story) -> None:
    story.connect("p/b", names="p/a")
    story.submit("j1", "x 4")
    story.submit("j2", "x 4")
    story.plan()
    assert story.read() == ["offer j1.1/0 p/a"]


def test_only_jobs_of_the_leaf_count_against_its_limit_of_waiting_jobs(story: Story) -> None:
    quota = {"a100": ClassQuota(Gpus(8))}
    leaves = {
        "x": QuotaNode("x", None, "x", 0, EVER, quota, max_queued=1),
        "y": QuotaNode("y", None, "y", 0, EVER, quota),
    }
    firms = {"x": Firm("x"), "y": Firm("y")}
    story.tell(QuotasApplied(QuotaTree(leaves), firms, {}, {}, "admin"))
    assert story.submit("j1", "x 1") == Done(("j1",))
    refused = story.submit("j2", "x 1")
    assert isinstance(refused, Refusal)
    assert refused.code == "limit"
    assert story.submit("j3", "y 1") == Done(("j3",))
    story.plan()
    assert story.submit("j4", "x 1") == Done(("j4",)), "one that has started waits no more"
