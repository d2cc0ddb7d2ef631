"""How far jobs have come, told as stories of the centre: what is credited to a job, and what is learnt from it."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.attempt import NODE_LOST
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Blob, Job
from bostan_scheduler.core.reports import (
    CheckpointDeclared,
    CheckpointLost,
    CheckpointStored,
    Exited,
    RequeueAsked,
)
from bostan_scheduler.core.snapshot import ClassFacts
from stories import SETTINGS, Story


@pytest.fixture
def story() -> Story:
    """A pool of two nodes with four GPUs each."""
    story = Story()
    story.quota("x")
    story.connect("p/a")
    story.connect("p/b")
    return story


def progress(story: Story, job_id: str) -> tuple[float, float]:
    """What is done of a job and what it ran, in seconds."""
    job = story.job(job_id)
    return job.done_milliseconds / 1000, job.run_milliseconds / 1000


def pass_by(story: Story, seconds: int) -> None:
    story.wait(seconds, hears="p/a p/b")


def requeue(story: Story, job_id: str, *ranks: str) -> None:
    """It is stopped so that it may go on elsewhere, and stops."""
    story.tell(RequeueAsked(job_id, "ada", checkpoint=False, avoid_node=False))
    for rank in ranks or (f"{job_id}.{story.job(job_id).attempts}/0",):
        story.exits(rank, 0, signal=15, cause="stopped")


def again(story: Story, job_id: str) -> str:
    """Its next attempt runs."""
    story.plan()
    return story.all_run(job_id)


# What is done


def test_what_ran_up_to_the_last_checkpoint_need_not_be_repeated(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 300)
    story.saves(f"{attempt}/0", 1)
    pass_by(story, 100)
    requeue(story, "j1")
    assert story.state("j1") == "queued"
    assert progress(story, "j1") == (300, 400)


def test_the_next_attempt_adds_to_it(story: Story) -> None:
    for seconds in (300, 200):
        attempt = story.run("j1") if seconds == 300 else again(story, "j1")
        pass_by(story, seconds)
        story.saves(f"{attempt}/0", 1)
        requeue(story, "j1")
    assert progress(story, "j1") == (500, 500)


def test_without_a_checkpoint_all_is_to_be_repeated(story: Story) -> None:
    story.run("j1")
    pass_by(story, 300)
    requeue(story, "j1")
    assert progress(story, "j1") == (0, 300)


def test_a_checkpoint_of_an_earlier_attempt_counts_once(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 300)
    story.saves(f"{attempt}/0")
    requeue(story, "j1")
    again(story, "j1")
    pass_by(story, 100)
    requeue(story, "j1")
    assert progress(story, "j1") == (300, 400)


def test_a_gang_goes_on_from_the_oldest_of_its_checkpoints(story: Story) -> None:
    attempt = story.run("j1", "x 1x2")
    pass_by(story, 100)
    story.saves(f"{attempt}/0")
    pass_by(story, 50)
    story.saves(f"{attempt}/1")
    requeue(story, "j1", f"{attempt}/0", f"{attempt}/1")
    assert progress(story, "j1") == (100, 150)


def test_a_rank_that_has_only_an_earlier_checkpoint_takes_the_gang_back_to_it(story: Story) -> None:
    attempt = story.run("j1", "x 1x2")
    pass_by(story, 100)
    story.saves(f"{attempt}/0")
    story.saves(f"{attempt}/1")
    requeue(story, "j1", f"{attempt}/0", f"{attempt}/1")
    attempt = again(story, "j1")
    pass_by(story, 100)
    story.saves(f"{attempt}/0")
    requeue(story, "j1", f"{attempt}/0", f"{attempt}/1")
    assert progress(story, "j1") == (100, 200)


def test_an_offer_that_was_refused_is_no_progress(story: Story) -> None:
    story.submit("j1")
    story.plan()
    story.refuses("j1.1/0")
    assert progress(story, "j1") == (0, 0)


# Checkpoints on their way


def late(story: Story) -> str:
    """A job is requeued while its checkpoint of the first 300 seconds is on its way."""
    attempt = story.run("j1")
    pass_by(story, 300)
    story.saves(f"{attempt}/0", stored=False)
    pass_by(story, 50)
    requeue(story, "j1")
    assert progress(story, "j1") == (0, 350)
    return attempt


def arrive(story: Story, attempt: str, number: int = 1) -> None:
    story.reports(f"{attempt}/0", CheckpointStored(number, 10, Blob(f"{number:064}", 100)))


def test_a_checkpoint_counts_when_it_has_arrived(story: Story) -> None:
    attempt = late(story)
    pass_by(story, 60)
    arrive(story, attempt)
    assert progress(story, "j1") == (300, 350)


def test_a_checkpoint_that_arrives_twice_counts_once(story: Story) -> None:
    attempt = late(story)
    arrive(story, attempt)
    arrive(story, attempt)
    assert progress(story, "j1") == (300, 350)


def test_one_that_is_lost_does_not(story: Story) -> None:
    attempt = late(story)
    story.reports(f"{attempt}/0", CheckpointLost(1, "disk full"))
    assert progress(story, "j1") == (0, 350)


def test_one_that_arrives_after_the_next_attempt_was_offered_without_it_does_not(story: Story) -> None:
    attempt = late(story)
    pass_by(story, SETTINGS.checkpoint_wait_seconds)
    story.all_run("j1")
    arrive(story, attempt)
    requeue(story, "j1")
    assert progress(story, "j1") == (0, 350)


def test_a_newer_one_that_arrives_late_adds_only_what_is_new(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 100)
    story.saves(f"{attempt}/0", 1)
    pass_by(story, 100)
    story.saves(f"{attempt}/0", 2, stored=False)
    requeue(story, "j1")
    assert progress(story, "j1") == (100, 200)
    arrive(story, attempt, 2)
    assert progress(story, "j1") == (200, 200)


def test_one_overtaken_by_the_next_declaration_counts_for_nothing_until_that_arrives(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 100)
    story.saves(f"{attempt}/0", 1, stored=False)
    pass_by(story, 100)
    story.saves(f"{attempt}/0", 2, stored=False)
    arrive(story, attempt, 1)
    requeue(story, "j1")
    assert progress(story, "j1") == (0, 200)
    arrive(story, attempt, 2)
    assert progress(story, "j1") == (200, 200)


def test_what_counts_is_when_it_was_saved_not_when_the_centre_heard_of_it(story: Story) -> None:
    attempt = story.run("j1")
    saved_at = after(story.now, 100)
    pass_by(story, 400)
    story.reports(f"{attempt}/0", CheckpointDeclared(1, 10, saved_at))
    arrive(story, attempt)
    requeue(story, "j1")
    assert progress(story, "j1") == (100, 400)


def test_a_calendar_that_is_wrong_makes_no_progress_of_nothing(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 100)
    story.reports(f"{attempt}/0", CheckpointDeclared(1, 10, after(story.now, 10_000)))
    arrive(story, attempt)
    requeue(story, "j1")
    assert progress(story, "j1") == (100, 100)


# Speed


@pytest.mark.parametrize(("speeds", "done"), [((), 600), ((("a100", 0.5),), 150)])
def test_what_is_done_is_counted_at_speed_1(
    story: Story, speeds: tuple[tuple[str, float], ...], done: int
) -> None:
    story.service.snapshot = replace(story.service.snapshot, classes={"a100": ClassFacts(speed_milli=2000)})
    attempt = story.run("j1", speeds=speeds)
    pass_by(story, 300)
    story.saves(f"{attempt}/0")
    requeue(story, "j1")
    assert progress(story, "j1") == (done, 300)


# Ends


def test_a_success_is_wholly_done(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 300)
    story.saves(f"{attempt}/0")
    pass_by(story, 100)
    story.exits(f"{attempt}/0")
    assert story.state("j1") == "finished succeeded"
    assert progress(story, "j1") == (400, 400)


def test_a_success_that_is_heard_of_late_is_wholly_done(story: Story) -> None:
    attempt = story.run("j1", lease_seconds=300)
    began = story.now
    pass_by(story, 100)
    story.saves(f"{attempt}/0")
    node_id = story.service.snapshot.attempts[attempt].places[0].node_id
    (other,) = {"p/a", "p/b"} - {node_id}
    story.wait(400, hears=other)
    assert story.state("j1") == "active offered"  # its lease is over
    assert progress(story, "j1")[0] == 100
    story.connect(node_id)
    story.reports(f"{attempt}/0", Exited(0, 0, "exited", "", began, began, after(began, 250), 0))
    story.releases("j1.2/0")
    assert story.state("j1") == "finished succeeded"
    assert progress(story, "j1")[0] == 250


def test_a_lost_node_takes_what_was_not_saved(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 100)
    story.saves(f"{attempt}/0")
    pass_by(story, 50)
    node_id = story.service.snapshot.attempts[attempt].places[0].node_id
    story.connect(node_id, boot="boot-2")
    seen = story.service.snapshot.attempts[attempt].seen[0]
    assert getattr(seen, "cause", "") == NODE_LOST
    assert progress(story, "j1") == (100, 150)


# What is learnt


def finish(story: Story, job_id: str, seconds: int, **options: object) -> Job:
    attempt = story.run(job_id, **options)
    pass_by(story, seconds)
    story.exits(f"{attempt}/0", seconds=seconds)
    return story.job(job_id)


def test_a_job_is_thought_to_take_what_others_like_it_took(story: Story) -> None:
    assert finish(story, "j1", 100).learnt_seconds is None
    finish(story, "j2", 200)
    finish(story, "j3", 900)
    story.submit("j4")
    story.submit("bigger", "x 2")
    story.submit("told", estimate_seconds=7)
    learnt = [story.job(one).learnt_seconds for one in ("j4", "bigger", "told")]
    assert learnt == [200, None, None]


def test_jobs_that_failed_teach_nothing(story: Story) -> None:
    attempt = story.run("j1")
    pass_by(story, 100)
    story.exits(f"{attempt}/0", 1)
    story.submit("j2")
    assert story.job("j2").learnt_seconds is None


def test_what_was_learnt_and_what_was_used_outlive_the_leader(story: Story) -> None:
    for job_id, seconds in (("j1", 100), ("j2", 300)):
        finish(story, job_id, seconds)
    before = story.service.snapshot
    assert before.history.learnt_seconds(story.job("j1").spec) == 200
    assert before.lately("x")["a100"] > 0
    story.restarts()
    assert story.service.snapshot.history == before.history
    assert story.service.snapshot.lately("x") == pytest.approx(before.lately("x"))
