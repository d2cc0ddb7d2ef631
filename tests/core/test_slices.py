"""Slices of GPUs where work is measured: each counts as the part of a GPU that it is."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.node import is_slice
from bostan_scheduler.core.order import Service
from bostan_scheduler.core.order.urgency import Urgency
from bostan_scheduler.core.plan import Planner, Rows
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.snapshot import Settings
from worlds import lines, world

SLICES = "7xa100/1g.10gb"
MIXED = f"node p/a 6; node p/b {SLICES}; quota x 20; quota x 20 class=a100/1g.10gb"


@pytest.mark.parametrize(
    ("gpus", "in_all"),
    [
        pytest.param("8", 8, id="whole ones"),
        pytest.param(SLICES, 1, id="one that is cut"),
        pytest.param("7,1xa100/3g.40gb,1xa100/4g.40gb", 8, id="one that is cut unevenly"),
        pytest.param("1,1xa100/7g.80gb", 2, id="a slice that is all of it"),
        pytest.param("1,2xa100/1g.10gb", 1 + 2 / 7, id="the rest of it is nobody's"),
        pytest.param("1xa100/1g.10gb", 1, id="a pool is not less than one"),
        pytest.param("2xamd/mi300", 2, id="a class with a stroke in its name"),
        pytest.param("0", 1, id="nothing"),
    ],
)
def test_the_pool_has_as_many_gpus_as_it_was_before_they_were_cut(gpus: str, in_all: float) -> None:
    assert Desk.of(world(f"node p/a {gpus}")).pool_gpus == pytest.approx(in_all)


@pytest.mark.parametrize(
    ("asked", "gpus"),
    [
        pytest.param("2x3", 6, id="any class"),
        pytest.param("2x3 class=a100,h100", 6, id="whole ones by name"),
        pytest.param("1x3 class=a100/1g.10gb", 3 / 7, id="slices"),
        pytest.param("1 class=a100/3g.40gb+me", 3 / 7, id="a large one with something beside it"),
        pytest.param("2 class=a100/1g.10gb,a100/2g.20gb", 4 / 7, id="the larger of those that it takes"),
        pytest.param("2 class=a100/1g.10gb,a100", 2, id="a whole one is larger still"),
        pytest.param("1 milli=300", 1, id="a part counts as a whole one"),
    ],
)
def test_a_job_asks_for_the_parts_of_gpus_that_its_slices_are(asked: str, gpus: float) -> None:
    snapshot = world(f"{MIXED}; job j x {asked}")
    assert Desk.of(snapshot).ask(snapshot.jobs["j"]).gpus == gpus


def test_what_is_left_of_a_job_on_a_slice_keeps_the_pool_busy_for_a_seventh_as_long() -> None:
    snapshot = world(f"{MIXED}; job s x 1 class=a100/1g.10gb estimate=4900; job w x 1 estimate=4900")
    desk = Desk.of(snapshot)
    assert [desk.ask(snapshot.jobs[one]).pool_seconds for one in "sw"] == pytest.approx([100, 700])


def test_who_waits_for_a_slice_is_passed_for_as_long_as_for_the_work_that_it_is() -> None:
    """Of the whole pool, 63,000 s on a slice of 6 GPUs and one that is cut are 1,286 s: worth 1,286,000 s of waiting."""
    waiting = "class=a100/1g.10gb estimate"
    full = "; ".join(f"run r{at} x p/b 1 class=a100/1g.10gb" for at in range(6))
    for age, first in ((1_200_000, "new"), (1_400_000, "old")):
        cluster = f"{MIXED}; {full}; job old x 1 {waiting}=63001 age={age}; job new x 1 {waiting}=1"
        assert f"start {first} p/b 6" in lines(world(cluster, Settings(order=Service(urgency=None))))


def test_as_many_are_urgent_as_their_slices_are_of_the_pool() -> None:
    jobs = "; ".join(f"job s{at} x 1 class=a100/1g.10gb estimate=99000" for at in range(9))
    snapshot = world(f"{MIXED}; {jobs}")
    desk = Desk.of(snapshot)
    asks = [desk.ask(one) for one in snapshot.jobs.values()]
    assert len(Urgency(critical_share=1.001 / 7, late_share=0.0).choose(asks, desk.pool_gpus, 0.0, 1.0)) == 7


def test_a_gpu_that_is_cut_while_the_planner_looks_is_the_same_pool() -> None:
    snapshot = world("node p/a 2; quota x 2 class=a100/1g.10gb; job j x 1 class=a100/1g.10gb")
    planner = Planner()
    planner.plan(snapshot)
    cut = world(f"node p/a 1,{SLICES}").nodes["p/a"]
    snapshot = replace(snapshot, nodes={"p/a": cut})
    planner.update(snapshot, Rows(nodes=("p/a",)))
    assert planner.plan(snapshot) == Planner().plan(snapshot)
    assert planner.at(snapshot).pool_gpus == Desk.of(snapshot).pool_gpus == 2


def test_a_slice_is_told_by_its_profile() -> None:
    assert is_slice("a100-80g/1g.10gb")
    assert not is_slice("amd/mi300")
