"""Whose right to room holds over time: as guarantees end, windows clear nodes, and claims differ in firmness."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.changes import Intend, Requeue, Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.observe.ending import end
from bostan_scheduler.core.order import StrictFifo
from bostan_scheduler.core.outcome import NodeLost, Preempted, StartFailed
from bostan_scheduler.core.plan import plan
from bostan_scheduler.core.planning.planner import Planner, Rows, again_at
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.preemption.claims import may_claim
from bostan_scheduler.core.snapshot import Settings
from turns import Table
from worlds import lines, world

BORROWED = "node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4-4 under r"


def test_what_is_guaranteed_no_more_shields_nobody():
    """The guarantee of x ends, that of y begins; the job of x only borrows from then on."""
    tree = "quota r 8 firm=branch; quota x 8-8 under r until=10; quota y 8-8 under r from=11"
    before = world(f"node p/a 8; {tree}; run j0 x p/a 8 for=7200; job j1 y 4")
    later = replace(before, now=before.now + 20_000)
    assert lines(later) == ["stop j0 for j1", "keep j1 p/a 4", "wait j1 room-is-made"]


@pytest.mark.parametrize(
    ("runs", "makes_room"),
    [("for=7200 qos=scavenger", True), ("for=7200", False)],
)
def test_a_scavenger_takes_what_it_is_owed_from_scavengers_alone(runs: str, makes_room: bool):
    found = lines(world(f"{BORROWED}; run j0 x p/a 4 {runs}; job j1 y 4 qos=scavenger"))
    assert ("stop j0 for j1" in found) is makes_room


@pytest.mark.parametrize(
    ("outcome", "made_room"),
    [
        (Preempted("a window begins"), False),
        (Preempted("it goes on faster", "j0"), False),
        (Preempted("a firm asks for what it is guaranteed", "j9"), True),
    ],
)
def test_only_who_made_room_for_another_has_to_wait_for_free_gpus(outcome: Preempted, made_room: bool):
    snapshot = world("node p/a 4; quota x 4; run j0 x p/a 4 for=7200")
    requeued = [one for one in end(snapshot, snapshot.attempts["j0.1"], outcome) if isinstance(one, Requeue)]
    assert [one.preempted for one in requeued] == [made_room]


def test_a_plan_stops_an_attempt_once():
    """A reserve begins on its node, and a firm asks for what it is guaranteed."""
    tree = "quota r 8 firm=branch; quota x 4+4 under r; quota y 4+4 under r"
    nodes = "node p/a 8; node p/b 8"
    reserve = "own o p 2 -60 900000"
    snapshot = world(f"{nodes}; {tree}; run j0 x p/a 8 for=7200 hours=24; {reserve}; job j1 y 4")
    told = [one.attempt_id for one in plan(snapshot).changes if isinstance(one, Intend)]
    assert len(told) == len(set(told))


def test_nothing_starts_in_a_window_on_gpus_that_come_back():
    """When the desk was set up, no GPU of the park could be used, so that nothing seemed to lie ahead."""
    tree = "quota x 4; closed m p -10 20000"
    broken = world(f"node p/a 2 failed=2; {tree}")
    planner = Planner()
    planner.plan(broken)
    whole = world(f"node p/a 2; {tree}; job j x 2 hours=1")
    mended = replace(broken, nodes=whole.nodes, jobs=whole.jobs)
    planner.update(mended, Rows(["j"], (), ["p/a"]))
    assert planner.plan(mended).starts == []


def test_a_reservation_that_lapses_is_an_instant_to_plan_at():
    table = Table(world(f"{BORROWED}; run j0 x p/a 4 for=7200 stops=60; job j1 y 4"))
    table.carry(table.plan())
    (reserved,) = table.snapshot.reserved.values()
    at = again_at(table.planner.at(table.snapshot))
    assert at is not None
    assert at <= reserved.lapses_at


def test_when_a_window_has_to_be_cleared_is_an_instant_to_plan_at():
    """Nothing else happens: j0 is asked to go in time for it to be gone when the window begins."""
    table = Table(world("node p/a 2; quota x 4; closed m p 36000 72000; run j0 x p/a 2 for=60 stops=900"))
    begins = after(table.snapshot.now, 36000)
    assert again_at(table.planner.at(table.snapshot)) == after(begins, -900)
    table.later(36000 - 900)
    assert [one.attempt_id for one in table.plan() if isinstance(one, Intend)] == ["j0.1"]


def test_who_is_on_his_way_out_is_no_reason_to_plan():
    table = Table(world("node p/a 2; quota x 4; closed m p 900 72000; run j0 x p/a 2 for=60 stops=900"))
    table.carry(table.plan())
    assert again_at(table.planner.at(table.snapshot)) == after(table.snapshot.now, 900)


def test_parts_that_are_kept_have_borders_as_well():
    snapshot = world(f"{BORROWED}; run j0 x p/a 4 for=7200 stops=60; job j1 y 1 milli=500")
    table = Table(snapshot)
    table.carry(table.plan())
    (kept,) = table.snapshot.reserved.values()
    assert kept.parts
    assert {kept.from_at, kept.until_at} == set(table.planner.at(table.snapshot).timeline.borders())


def test_who_made_room_may_ask_for_it_once_it_has_run_and_not_before():
    """An offer that comes to nothing is no run: the job waits on for free GPUs."""
    table = Table(world("node p/a 4; quota x 8; run c x p/a 3 for=7200 saves; job b x 1 preempted=600"))
    (start,) = [one for one in table.plan() if isinstance(one, Start)]
    table.carry((start,))
    table.carry(end(table.snapshot, start.attempt, StartFailed("p/a", "its image is missing")))
    assert not may_claim(table.snapshot, table.snapshot.jobs["b"])
    table.play()
    table.carry(end(table.snapshot, table.snapshot.attempts["b.2"], NodeLost("p/a", "it rebooted")))
    assert may_claim(table.snapshot, table.snapshot.jobs["b"])


def test_who_was_held_up_by_one_for_whom_room_is_made_is_looked_at_at_once():
    """Nobody is passed in this order; room is made for the first, so that the second need not wait for the next round."""
    nodes = "node p/0 4,2xt4; node q/0 4,2xt4"
    tree = "quota x 5+any-5; quota y 1+1 class=t4; quota z 1+any class=t4"
    rules = Settings(order=StrictFifo(), preemption=Preemption(min_run_seconds=0))
    runs = "run r06 x q/0 2 class=t4; job w03 y 1 not-park=p; job w05 z 1"
    table = Table(world(f"{nodes}; {tree}; {runs}", rules))
    drawn_up = table.planner.plan(table.snapshot)
    assert drawn_up.again_at == after(table.snapshot.now, 1)
    table.carry(drawn_up.changes)
    table.later(1)
    assert [one.attempt.job_id for one in table.plan() if isinstance(one, Start)] == ["w05"]
