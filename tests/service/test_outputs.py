"""What became of the outputs of a rank: on their way, kept, or lost; and what its firm can read of it."""

import pytest
from bostan_scheduler.core.attempt import RankExited
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.outputs import NoOutputs, OutputsKept, OutputsLost, OutputsOnTheWay, RankOutputs
from bostan_scheduler.core.reports import Exited, OutputLost, OutputStored, Released
from stories import Story

BLOB = Blob("a" * 64, 100)
KEPT = OutputStored(BLOB, "pipe, link")
LOST = OutputLost("it holds more than 3 files")


@pytest.fixture
def story() -> Story:
    made = Story()
    made.quota("x", gpus=16)
    made.connect("p/a")
    return made


def outputs(story: Story, attempt_id: str = "j1.1") -> RankOutputs:
    attempt = story.store.attempt(attempt_id)
    assert attempt is not None
    (seen,) = attempt.seen
    assert isinstance(seen, RankExited)
    return seen.outputs


def told(story: Story, kind: str) -> list[tuple[str | None, str]]:
    """The attempt and the words of each event of this kind that the job's firm sees."""
    events = (one.event for one in story.store.events(0, 1000, "j1", ("x",)))
    return [(event.attempt_id, event.why) for event in events if event.kind == kind]


def test_a_rank_that_left_nothing_has_nothing_on_its_way(story: Story) -> None:
    story.run("j1")
    story.exits("j1.1/0")
    assert outputs(story) == NoOutputs()


def test_outputs_arrive_after_their_job_has_finished(story: Story) -> None:
    story.run("j1")
    story.exits("j1.1/0", outputs=True)
    assert (story.state("j1"), outputs(story)) == ("finished succeeded", OutputsOnTheWay())
    story.reports("j1.1/0", KEPT)
    assert outputs(story) == OutputsKept("pipe, link")
    assert told(story, "output") == [("j1.1", "rank 0: 100 bytes, without pipe, link")]


def test_outputs_that_cannot_be_sent_are_told_to_their_firm(story: Story) -> None:
    story.run("j1")
    story.exits("j1.1/0", outputs=True)
    story.reports("j1.1/0", LOST)
    assert outputs(story) == OutputsLost("it holds more than 3 files")
    assert told(story, "output-lost") == [("j1.1", "rank 0: it holds more than 3 files")]
    assert list(story.store.outputs("j1")) == []


@pytest.mark.parametrize(
    ("news", "expected"), [(KEPT, OutputsKept("pipe, link")), (LOST, OutputsLost(LOST.detail))]
)
def test_outputs_settle_while_the_gpus_are_not_seen_free_yet(
    story: Story, news: OutputStored | OutputLost, expected: RankOutputs
) -> None:
    story.run("j1")
    ended = Exited(0, 0, "exited", "", story.now, story.now, story.now, 0, output_pending=True)
    story.reports("j1.1/0", ended, news)
    assert (story.state("j1"), outputs(story)) == ("active ending", expected)
    story.reports("j1.1/0", Released())
    assert (story.state("j1"), outputs(story)) == ("finished succeeded", expected)


def test_what_became_of_outputs_survives_the_leader(story: Story) -> None:
    story.run("j1")
    story.exits("j1.1/0", outputs=True)
    story.restarts()
    story.connect("p/a", holds="j1.1/0:exited")
    story.reports("j1.1/0", LOST)
    assert outputs(story) == OutputsLost("it holds more than 3 files")
