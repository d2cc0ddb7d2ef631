"""Every limit and wait of the core's settings, reached to the second: what holds just before it, and what at it."""

from dataclasses import replace
from typing import Any

import pytest
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.estimate import in_all_seconds
from bostan_scheduler.core.observe.nodes import BOOTS_REMEMBERED_MAX
from bostan_scheduler.core.reports import JobsSubmitted, RequeueAsked
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.messages import Done
from stories import SETTINGS, Story
from worlds import spec_of


def told(**settings: Any) -> Story:
    story = Story(settings=replace(SETTINGS, **settings))
    story.quota("x")
    story.connect("p/a")
    story.connect("p/b")
    return story


def accepted(story: Story) -> Story:
    story.submit("j1")
    story.plan()
    story.accepts("j1.1/0")
    return story


def test_silence_seconds() -> None:
    story = told(silence_seconds=20)
    story.run("j1")
    story.wait(20, hears="p/b")
    assert story.state("j1") == "active running"
    story.wait(1, hears="p/b")
    assert story.state("j1") == "active unknown"


def test_start_within_seconds_bounds_an_offer() -> None:
    story = told(start_within_seconds=40)
    story.submit("j1")
    story.plan()
    story.wait(39, hears="p/a p/b")
    assert story.state("j1") == "active offered"
    story.wait(1, hears="p/a p/b")
    assert story.state("j1") == "active withdrawn"


def test_start_within_seconds_bounds_a_start() -> None:
    story = accepted(told(start_within_seconds=40))
    story.read()
    story.wait(39, hears="p/a p/b")
    assert story.read() == []
    story.wait(1, hears="p/a p/b")
    assert story.read() == ["stop j1.1/0 p/a not-started"]


def test_release_margin_seconds() -> None:
    story = told(start_within_seconds=40, release_margin_seconds=7)
    story.submit("j1")
    story.plan()
    story.wait(46, hears="p/a p/b")
    assert story.state("j1") == "active withdrawn"
    story.wait(1, hears="p/a p/b")
    assert story.service.snapshot.jobs["j1"].attempts == 2


@pytest.mark.parametrize(("asked", "given"), [(None, 500), (100, 100), (9000, 500)])
def test_lease_seconds_is_the_most_that_a_job_may_ask(asked: int | None, given: int) -> None:
    story = told(lease_seconds=500)
    story.run("j1", lease_seconds=asked)
    lease = story.service.snapshot.attempts["j1.1"].lease
    assert lease is not None
    assert lease.until == story.now + given * 1000


def test_lease_margin_seconds() -> None:
    story = told(lease_seconds=100, lease_margin_seconds=9)
    story.run("j1")
    story.wait(108, hears="p/b")
    assert story.state("j1") == "active unknown"
    story.wait(1, hears="p/b")
    assert story.service.snapshot.jobs["j1"].attempts == 2


@pytest.mark.parametrize(("lease", "every"), [(3600, 100), (90, 30)])
def test_renew_seconds_and_a_third_of_a_short_lease(lease: int, every: int) -> None:
    story = told(renew_seconds=100)
    story.run("j1", lease_seconds=lease)
    story.wait(every - 1, hears="p/a p/b")
    assert not any(outbox.renewals for outbox in story.outboxes)
    story.wait(1, hears="p/a p/b")
    assert any(outbox.renewals for outbox in story.outboxes)


def test_checkpoint_wait_seconds() -> None:
    story = told(checkpoint_wait_seconds=50)
    story.run("j1")
    story.tell(RequeueAsked("j1", "member", checkpoint=True, avoid_node=False))
    story.saves("j1.1/0", stored=False)
    story.exits("j1.1/0", signal=15, cause="stopped")
    story.wait(49, hears="p/a p/b")
    assert story.state("j1") == "queued"
    story.wait(1, hears="p/a p/b")
    assert story.state("j1") == "active offered"


def test_pending_jobs_max() -> None:
    story = told(pending_jobs_max=2)
    assert story.submit("j1") == Done(("j1",))
    spec = spec_of(["x", "1"], {})
    refused = story.tell(JobsSubmitted(("j2", "j3"), (spec, spec), "member"))
    assert isinstance(refused, Refusal)
    assert refused.code == "limit"
    assert story.submit("j2") == Done(("j2",))


def test_avoid_nodes_max() -> None:
    story = told(avoid_nodes_max=1)
    for number, node in ((1, "p/a"), (2, "p/b")):
        story.submit("j1") if number == 1 else None
        story.plan()
        story.refuses(f"j1.{number}/0")
        assert story.service.snapshot.jobs["j1"].avoid_nodes == (node,)
    story.plan()
    assert story.service.snapshot.attempts["j1.3"].places[0].node_id == "p/a"


def test_avoid_wait_seconds() -> None:
    story = told(avoid_wait_seconds=40)
    story.run("j1")
    node = story.service.snapshot.attempts["j1.1"].places[0].node_id
    story.run("j2", "x 4")
    story.tell(RequeueAsked("j1", "member", checkpoint=True, avoid_node=True))
    story.exits("j1.1/0", signal=15, cause="stopped")
    story.wait(39, hears="p/a p/b")
    assert story.state("j1") == "queued"
    story.wait(1, hears="p/a p/b")
    assert story.service.snapshot.attempts["j1.2"].places[0].node_id == node


def finished(story: Story, job_id: str, seconds: int, name: str = "train") -> None:
    story.run(job_id, name=name)
    story.wait(seconds, hears="p/a p/b")
    story.exits(f"{job_id}.1/0", seconds=seconds)


def learnt(story: Story, name: str = "train") -> int | None:
    return story.service.snapshot.history.learnt_seconds(replace(spec_of(["x", "1"], {}), name=name))


def test_learnt_runs_max() -> None:
    story = told(learnt_runs_max=2)
    for number, seconds in enumerate((900, 100, 200)):
        finished(story, f"j{number}", seconds)
    assert learnt(story) == 150


def test_learnt_kinds_max() -> None:
    story = told(learnt_kinds_max=1)
    finished(story, "j1", 100, name="a")
    finished(story, "j2", 200, name="b")
    assert (learnt(story, "a"), learnt(story, "b")) == (None, 200)


def test_learnt_jobs_max() -> None:
    story = told(learnt_jobs_max=1)
    finished(story, "j1", 100)
    finished(story, "j2", 200)
    assert learnt(story) == 150
    story.restarts()
    assert learnt(story) == 200


def test_usage_half_life_seconds() -> None:
    story = told(usage_half_life_seconds=100)
    finished(story, "j1", 50)
    before = story.service.snapshot.lately("x")["a100"]
    story.wait(100, hears="p/a p/b")
    assert story.service.snapshot.lately("x")["a100"] == pytest.approx(before / 2)


def test_default_estimate_seconds() -> None:
    story = told(default_estimate_seconds=700)
    story.run("j1")
    settings = story.service.snapshot.settings
    assert in_all_seconds(story.job("j1"), settings.default_estimate_seconds, attained_seconds=500) == 700


def test_boots_remembered_max() -> None:
    story = told()
    for number in range(2, BOOTS_REMEMBERED_MAX + 4):
        story.connect("p/a", boot=f"boot-{number}")
    node = story.service.snapshot.nodes["p/a"]
    assert len(node.boots_before) == BOOTS_REMEMBERED_MAX
    assert "boot-1" not in node.boots_before


def test_no_setting_is_without_a_limit_reached_here() -> None:
    reached = "\n".join(name for name in globals() if name.startswith("test_"))
    in_core = ("order", "preemption", "park_windows_max")  # these are reached in the tests of the core
    assert [name for name in Settings.__slots__ if name not in reached and name not in in_core] == []
