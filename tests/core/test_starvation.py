"""The bound on starvation: a gang that has waited too long starts, whatever else comes, when what ran then has reached its limit."""

import random
from dataclasses import dataclass, replace

import pytest
from bostan_scheduler.core.changes import Add
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.order import Fifo, Order, Service
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings, Snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import NOW, world

STEP_SECONDS = 360
LIMIT_HOURS = 2
RULES = Preemption(starving_seconds=3600)


@dataclass(frozen=True)
class Story:
    """A cluster, a gang, and the small jobs that come all the time, each of which would fit before the gang does."""

    cluster: str
    gang: str = "job gang x 4 hours=2 estimate=100"
    small: str = "x {gpus} hours={hours} estimate=600"
    rules: Preemption = RULES
    stop_seconds: int = 30

    @property
    def bound_seconds(self) -> int:
        """It waits until it starves, until the next round, and until the longest that ran then is over by its rules."""
        slack = self.stop_seconds + 60 + 30  # a stop, a start, the margin of a lease
        return RULES.starving_seconds + RULES.spacing_seconds + LIMIT_HOURS * 3600 + slack + STEP_SECONDS

    def world(self, lines: str, order: Order) -> Snapshot:
        return world(f"{self.cluster}; {lines}", Settings(order=order, preemption=self.rules))


STORIES = [
    pytest.param(Story("node p/a 4; quota x 8"), id="one node"),
    pytest.param(
        Story(
            "node p/a 4; node p/b 4; node p/c 4; quota x 8; quota y 99",
            small="y {gpus} hours={hours} estimate=600",
        ),
        id="a gang that is late already",
    ),
    pytest.param(
        Story(
            "node p/a 4; quota x 8; quota y 99",
            small="y {gpus} hours={hours} estimate=600 cpus={number}",
            rules=replace(RULES, candidates_max=1),
        ),
        id="behind many lines of which few are heard",
    ),
    pytest.param(
        Story(
            "node p/a 4; quota x 8; quota y 99",
            small="y {gpus} hours={hours} estimate=600 saves stops=2400",
            stop_seconds=2400,
        ),
        id="those that run take long to stop",
    ),
    pytest.param(
        Story(
            "node p/a 4 cpus=8; node p/b 4 cpus=8; node p/c 4 cpus=64; quota x 8; quota y 99",
            gang="job gang x 4 hours=2 estimate=100 cpus=32",
            small="y {gpus} hours={hours} estimate=600",
        ),
        id="only one node has its CPUs",
    ),
    pytest.param(
        Story(
            "node p/a 4; node p/b 4; quota root 8 firm=branch; quota x 4 under root; quota y 4+any under root",
            small="y {gpus} hours={hours} estimate=600",
        ),
        id="the quota is as large as the pool",
    ),
    pytest.param(
        Story("node p/a 4; node p/b 4; quota root 8 firm=branch; quota x 4 under root; quota y 4 under root"),
        id="its own firm takes what quota it has",
    ),
]


def stream(story: Story, table: Table, chance: random.Random, number: int) -> None:
    for index in range(chance.randint(1, 3)):
        gpus, hours = chance.randint(1, 3), chance.randint(1, LIMIT_HOURS)
        small = story.small.format(gpus=gpus, hours=hours, number=1 + number % 16)
        (job,) = story.world(f"job s{number:06}-{index} {small}", Fifo()).jobs.values()
        table.carry((Add(replace(job, submitted_at=table.snapshot.now, phase=Queued(table.snapshot.now))),))


def end_what_is_over(story: Story, table: Table) -> None:
    """As late as it may: at its limit, and after its stop."""
    for attempt in list(table.snapshot.attempts.values()):
        at = attempt.started_at
        seconds = attempt.time_limit_seconds + (story.stop_seconds if story.stop_seconds > 60 else 0)
        if attempt.holds and at is not None and table.snapshot.now >= after(at, seconds):
            table.succeed(attempt.job_id)


@pytest.mark.parametrize("order", [Fifo(), Service()])
@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_a_starving_gang_starts_in_time(story: Story, order: Order, seed: int) -> None:
    chance, table = random.Random(seed), Table(story.world("", order))
    for number in range(3):
        stream(story, table, chance, number)
        table.play()
    gang = story.world(story.gang, order).jobs["gang"]
    table.carry((Add(replace(gang, submitted_at=NOW, phase=Queued(NOW))),))
    for step in range(1, 1 + story.bound_seconds // STEP_SECONDS):
        stream(story, table, chance, step + 3)
        table.later(STEP_SECONDS)
        end_what_is_over(story, table)
        table.play()
        if not isinstance(table.snapshot.jobs["gang"].phase, Queued):
            return
    raise AssertionError(f"the gang has waited {story.bound_seconds} s")
