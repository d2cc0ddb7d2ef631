"""The bound on starvation: a gang that is first in turn starts, whatever else comes, when what ran has reached its limit."""

import random
from dataclasses import replace

import pytest
from bostan_scheduler.core.changes import Add
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Active, Queued
from bostan_scheduler.core.order import Fifo, Order, Service
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import NOW, world

STEP_SECONDS = 360
LIMIT_HOURS = 2
RULES = Preemption(starving_seconds=3600)


def stream(table: Table, chance: random.Random, number: int) -> None:
    """Small jobs come all the time, each of which would fit before the gang does."""
    for index in range(chance.randint(1, 3)):
        text = f"node p/a 1; quota x 9; job s{number:06}-{index} x {chance.randint(1, 3)} hours={chance.randint(1, LIMIT_HOURS)} estimate=600"
        (job,) = world(text).jobs.values()
        job = replace(job, submitted_at=table.snapshot.now, phase=Queued(table.snapshot.now))
        table.carry((Add(job),))


def end_what_has_reached_its_limit(table: Table) -> None:
    for attempt in list(table.snapshot.attempts.values()):
        started_at, limit = attempt.started_at, attempt.time_limit_seconds
        if attempt.holds and started_at is not None and table.snapshot.now >= after(started_at, limit):
            table.succeed(attempt.job_id)


@pytest.mark.parametrize("order", [Fifo(), Service()])
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_starving_gang_starts_in_time(order: Order, seed: int) -> None:
    chance = random.Random(seed)
    table = Table(
        world(
            "node p/a 4; quota x 8; job gang x 4 hours=2 estimate=100",
            Settings(order=order, preemption=RULES),
        )
    )
    job = replace(table.snapshot.jobs["gang"], submitted_at=NOW, phase=Queued(NOW))
    table = Table(replace(table.snapshot, jobs={}))
    stream(table, chance, 0)
    table.play()
    table.carry((Add(job),))
    waited = 0
    while isinstance(table.snapshot.jobs["gang"].phase, Queued):
        assert waited <= bound_seconds(), f"the gang has waited {waited} s"
        stream(table, chance, waited + 1)
        table.later(STEP_SECONDS)
        waited += STEP_SECONDS
        end_what_has_reached_its_limit(table)
        table.play()
    assert isinstance(table.snapshot.jobs["gang"].phase, Active)


def bound_seconds() -> int:
    """It waits until it starves, until the next round, and until the longest that ran then is over by its rules."""
    slack = 30 + 60 + 30  # an orderly stop, a start, the margin of a lease
    return RULES.starving_seconds + RULES.spacing_seconds + LIMIT_HOURS * 3600 + slack + STEP_SECONDS
