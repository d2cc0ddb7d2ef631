"""First come, first served, and nobody is passed: what starts where, and why the rest waits."""

import random

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.order import Fifo, StrictFifo
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.why.why import explain
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import lines, sentence, world

STRICT = Settings(order=StrictFifo())

CASES = [
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 2; job j1 x 4 age=60; job j2 x 2", "wait j1 gpus-busy; wait j2 in-line", id="who waits for room holds up whoever came later"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 2; job j1 x 2 age=60; job j2 x 4", "start j1 p/a 2,3; wait j2 gpus-busy", id="who came first starts"),
    pytest.param("node p/a 4; quota x 4; quota y 4; run j0 x p/a 2; job j1 x 4 age=60; job j2 y 2", "wait j1 quota; start j2 p/a 2,3", id="who waits for his own quota holds up nobody else"),
    pytest.param("node p/a 8; quota x 4; run j0 x p/a 2; job j1 x 4 age=60; job j2 x 2", "wait j1 quota; wait j2 in-line", id="but all that count against it"),
    pytest.param("node p/a 8; quota x 4; run j0 x p/a 2; job j1 x 5 age=60; job j2 x 2", "start j2 p/a 2,3; wait j1 quota", id="unless he could never have it"),
    pytest.param("node p/a 4; quota x 8; job j1 x 8 age=60; job j2 x 2", "start j2 p/a 0,1; wait j1 no-such-gpu", id="nor who could never start"),
    pytest.param("node p/a 4; quota x 4 max-job=2; job j1 x 4 age=60; job j2 x 2", "start j2 p/a 0,1; wait j1 job-too-large", id="nor who may not"),
    pytest.param("node p/a 4,4xt4; quota x 8; quota x 8 class=t4; run j0 x p/a 1; job j1 x 4 class=a100 age=60; job j2 x 1 class=a100; job j3 x 1 class=t4", "start j3 p/a 4; wait j1 gpus-busy; wait j2 in-line", id="only on the class that he waits for"),
    pytest.param("node p/a 4,4xt4; quota x 8; quota x 8 class=t4; run j0 x p/a 1; job j1 x 4 class=a100 age=60; job j2 x 1 class=a100,t4", "start j2 p/a 4; wait j1 gpus-busy", id="who takes another class starts there"),
    pytest.param("node p/a 4 cpus=8; quota x 8; run j0 x p/a 1 cpus=6; job j1 x 0 cpus=4 age=60; job j2 x 0 cpus=1; job j3 x 1", "start j3 p/a 1; wait j1 cpus-or-memory; wait j2 in-line", id="ranks without GPUs are in a line of their own"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 2; job j1 x 4; job j2 x 2 qos=scavenger age=60", "wait j1 gpus-busy; wait j2 in-line", id="scavengers are last, however early they came"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 2+2 under r; quota y 2+2 under r; run j0 x p/a 3 for=7200 saves; job j1 x 2 age=60; job j2 y 2", "stop j0 for j2; keep j2 p/a 2; keep j1 p/a 2; wait j1 room-is-made; wait j2 room-is-made", id="who is owed comes first, and asks it back"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 3 under r; quota z 1 under r; run j0 x p/a 2 for=7200 qos=scavenger; run j9 z p/a 1; job j1 y 3 age=60; job j2 y 2", "stop j0 for j1; keep j1 p/a 3; wait j1 room-is-made; wait j2 quota", id="who came first asks first"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4 under r; run j0 x p/a 1; run j9 x p/a 1 for=7200 saves; job j1 y 4 age=60; job j2 y 2", "wait j1 nothing-to-borrow; wait j2 in-line", id="nobody asks past who asks in vain"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), CASES)
def test_plan(cluster: str, expected: str) -> None:
    told = lines(world(cluster, STRICT))
    assert sorted(told) == sorted(expected.split("; "))


def test_why_says_that_somebody_is_before_it() -> None:
    cluster = "node p/a 4; quota x 8; run j0 x p/a 2; job j1 x 4 age=60; job j2 x 2"
    told = sentence(world(cluster, STRICT), "j2")
    assert told == "a job that came before it waits for a100, and the order passes nobody"


@pytest.mark.parametrize(
    ("order", "helps"),
    [
        (Fifo(), ["it would start now on t4", "it would start now with 2 of the 3 GPUs"]),
        (StrictFifo(), ["it would start now on t4"]),
    ],
)
def test_nothing_is_said_to_help_that_does_not_get_a_job_past_those_before_it(order, helps) -> None:
    cluster = (
        "node p/a 4,4xt4; quota x 9; quota x 9 class=t4; run j0 x p/a 2 class=a100; "
        "job j1 x 4 class=a100 age=60; job j2 x 3 class=a100"
    )
    snapshot = _settled(world(cluster, Settings(order=order)))
    why = explain(Planner().at(snapshot), snapshot.jobs["j2"])
    assert [one.sentence for one in why.helps] == helps


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_jobs_that_differ_in_nothing_but_size_start_in_the_order_they_came(seed: int) -> None:
    chance = random.Random(seed)
    asks = [
        f"job j{number} x {chance.randint(1, 6)} age={900 - number}" for number in range(chance.randint(1, 9))
    ]
    snapshot = world("; ".join(["node p/a 6", "node p/b 6", "quota x 99", *asks]), STRICT)
    started = [one.attempt.job_id for one in Planner().plan(snapshot).starts]
    assert started == list(snapshot.jobs)[: len(started)]


def _settled(snapshot: Snapshot) -> Snapshot:
    return apply_all(snapshot, Planner().plan(snapshot).starts)
