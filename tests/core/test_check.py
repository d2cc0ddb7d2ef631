"""The invariants bite: a plan that was drawn up without knowing of something is held against a state that has it."""

from dataclasses import replace
from typing import Any

import pytest
from bostan_scheduler.core.changes import Reserve, Start, Unreserve
from bostan_scheduler.core.check import check, check_plan, check_quota
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.plan import Plan, Planner, plan
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved
from turns import Table
from worlds import NOW, world

BASE = "node p/a 4; quota x 8; quota y 8"
JOB = "job j x 4 hours=2"
SAVES = f"{JOB} saves stops=90"


def holds(before: str, then: str) -> None:
    """What is planned for the one world may be done in the other."""
    changes = plan(world(before)).changes
    assert [type(one) for one in changes if isinstance(one, Start)], "nothing starts"
    check_plan(world(then), changes)


def breaks(before: str, then: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        holds(before, then)


WINDOWS = [
    (JOB, "closed m p 7319 9000", "runs into m"),
    (JOB, "closed m p 7320 9000", ""),
    (JOB, "closed m p 3600 9000 nodes=p/b", ""),
    (JOB, "closed m q 3600 9000", ""),
    (SAVES, "closed m p 1890 9000", ""),
    (SAVES, "closed m p 1889 9000", "runs into m"),
    (SAVES, "closed m p -10 9000", "runs into m"),
    (JOB, "booked b p y 1 3600 9000", "keeps 1 of 4 for ..b"),
    (JOB, "booked b p x 1 3600 9000", ""),
    (JOB, "booked b p y 1 7320 9000", ""),
    (JOB, "booked b p y 1 3600 9000 class=t4", ""),
    (JOB, "own o p 1 -600 9000", "keeps 1 of 4 for ..o"),
    (JOB, "own o p 1 -600 9000 lent notice=90", "keeps 1 of 4 for ..o"),
    (SAVES, "own o p 1 -600 9000 lent notice=89", "keeps 1 of 4 for ..o"),
    (SAVES, "own o p 1 -600 9000 lent notice=90", ""),
    ("job j x 3 hours=2", "own o p 1 -600 9000", ""),
]


@pytest.mark.parametrize(("job", "window", "told"), WINDOWS)
def test_what_starts_does_not_run_into_a_window_that_is_known(job: str, window: str, told: str) -> None:
    before = f"{BASE}; {job}"
    breaks(before, f"{before}; {window}", told) if told else holds(before, f"{before}; {window}")


def test_what_a_firm_holds_is_part_of_what_is_kept_for_it() -> None:
    both = f"{BASE}; run r y p/a 2; job j x 2 hours=2"
    holds(both, f"{both}; booked b p y 2 3600 9000")
    breaks(both, f"{both}; booked b p y 3 3600 9000", "keeps 3 of 4")


ROOM = [
    (f"{JOB} cpus=16", "node p/a 4 cpus=15", "16 CPUs are given out"),
    (JOB, "node p/a 4 drained", "takes nothing new"),
    (JOB, "node p/a 4 silent", "takes nothing new"),
    (JOB, "node p/a 4 failed=1", "may not be given out"),
    (JOB, "node p/a 4xt4", "may not be given out"),
]


@pytest.mark.parametrize(("job", "node", "told"), ROOM)
def test_what_starts_has_room_there(job: str, node: str, told: str) -> None:
    breaks(f"{BASE}; {job}", f"{BASE}; {job}; {node}", told)


ASKS = [
    ("job j x 2", "other GPUs than it asks"),
    ("job j x 4 park=q", "may not run in p"),
    ("job j x 4 class=t4", "may not run on a100"),
    ("job j y 4", "another firm's"),
    ("job j x 4 memory=600", "bytes are given out"),
    ("job j x 4 cpus=65", "65 CPUs are given out"),
]


@pytest.mark.parametrize(("job", "told"), ASKS)
def test_what_starts_is_what_was_asked_for(job: str, told: str) -> None:
    breaks(f"{BASE}; {JOB}", f"{BASE}; {job}", told)


TREE = "node p/a 9; quota root 9 firm=branch; quota g 6 under root firm=branch; quota x 3+any under g; quota y 3{lend} under g"
QUOTAS = [
    (BASE.replace("x 8", "x 3"), "4 a100 under x, which may have 3"),
    (f"{BASE}; quota x 8 max-job=3", "too large"),
    (f"{BASE}; quota x 8 max-hours=1", "too long"),
    (f"{BASE}; quota x 8 until=0", "not in force"),
    (TREE.format(lend="-3"), ""),
    (TREE.format(lend="-1"), ""),
    (TREE.format(lend="-0"), "7 a100 under g, which may have 6"),
    (TREE.format(lend="-3").replace("g 6", "g 3"), "4 a100 under g, which may have 3"),
    (TREE.format(lend="-3").replace("root 9", "root 3"), "4 a100 under root, which may have 3"),
]


@pytest.mark.parametrize(("quotas", "told"), QUOTAS)
def test_what_starts_is_in_the_quota_of_every_branch(quotas: str, told: str) -> None:
    breaks(f"{BASE}; {JOB}", f"{quotas}; {JOB}", told) if told else holds(
        f"{BASE}; {JOB}", f"{quotas}; {JOB}"
    )


@pytest.mark.parametrize(("quotas", "told"), [one for one in QUOTAS if one[0].startswith("node p/a 9")])
def test_what_is_held_is_in_the_quota_of_every_branch(quotas: str, told: str) -> None:
    snapshot = world(f"{quotas}; run j x p/a 4")
    if told:
        with pytest.raises(AssertionError, match="taken under"):
            check_quota(snapshot)
    else:
        check_quota(snapshot)


def test_what_runs_over_its_quota_stands_in_nobodys_way() -> None:
    """A quota that was lowered stops nothing, neither what is held nor what others may have."""
    lowered = "node p/a 8; quota x 1; quota y 4; run r x p/a 4; job j y 4"
    holds(lowered, lowered)


def kept(job_id: str, count: int, begin: int = 0, end: int = 9000, since: int = 0) -> Reserved:
    at = after(NOW, begin)
    gpus = (("p/a", count),)
    return Reserved(job_id, "p", "a100", gpus, after(NOW, since), at, after(at, 300), after(NOW, end))


def keeping(snapshot: Snapshot, *reserved: Reserved) -> Snapshot:
    return replace(snapshot, reserved={one.job_id: one for one in reserved})


@pytest.mark.parametrize(("begin", "alone"), [(0, False), (7199, False), (7200, True)])
def test_what_is_kept_for_a_job_is_left_alone(begin: int, alone: bool) -> None:
    snapshot = world(f"{BASE}; {JOB}; job k y 4")
    starts = [one for one in plan(world(f"{BASE}; {JOB}")).changes if isinstance(one, Start)]
    keeps = keeping(snapshot, kept("k", 1, begin))
    check_plan(keeps, [Unreserve("k"), *starts])
    if alone:
        check_plan(keeps, starts)
    else:
        with pytest.raises(AssertionError, match="1 of 4 GPUs are kept for others"):
            check_plan(keeps, starts)


def test_what_runs_on_counts_beside_what_is_kept() -> None:
    snapshot = world(f"{BASE}; run r y p/a 2; job j x 1 hours=2; job k y 2")
    starts = [one for one in plan(snapshot).changes if isinstance(one, Start)]
    with pytest.raises(AssertionError, match="2 of 4 GPUs are kept for others"):
        check_plan(keeping(snapshot, kept("k", 2)), [one for one in starts if one.attempt.job_id == "j"])


@pytest.mark.parametrize(
    ("reserved", "told"),
    [
        (kept("gone", 1), "has finished"),
        (kept("k", 5), "5 GPUs are kept on p/a"),
        (kept("k", 3), "3 GPUs are kept on p/a, beside 2 of 4"),
        (kept("k", 2), ""),
        (kept("k", 3, begin=3600), ""),
        (kept("k", 2, begin=3600, end=9_000), ""),
        (kept("k", 4, begin=1800, end=9000), "beside 2 of 4"),
    ],
)
def test_no_more_is_kept_than_there_will_be(reserved: Reserved, told: str) -> None:
    snapshot = world(f"{BASE}; run r y p/a 2 hours=1; job k y 2")
    if told:
        with pytest.raises(AssertionError, match=told):
            check_plan(snapshot, [Reserve(reserved)])
    else:
        check_plan(snapshot, [Reserve(reserved)])


def test_two_reservations_have_room_side_by_side() -> None:
    snapshot = keeping(world(f"{BASE}; job k y 2; job l x 2"), kept("k", 3, end=3600))
    check_plan(snapshot, [Reserve(kept("l", 4, begin=3600))])
    with pytest.raises(AssertionError, match="7 GPUs are kept"):
        check_plan(snapshot, [Reserve(kept("l", 4, begin=3599))])


@pytest.mark.parametrize(("most", "told"), [(2, ""), (1, "2 reservations are ahead")])
def test_only_so_many_reservations_are_ahead(most: int, told: str) -> None:
    settings = Settings(preemption=Preemption(reservations_max=most))
    snapshot = keeping(world(f"{BASE}; job k y 1; job l x 1", settings), kept("k", 1, begin=60))
    if told:
        with pytest.raises(AssertionError, match=told):
            check_plan(snapshot, [Reserve(kept("l", 1, begin=60))])
    else:
        check_plan(snapshot, [Reserve(kept("l", 1, begin=60))])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"j": kept("j", 1)}, "kept for j, which runs"),
        ({"k": kept("j", 1)}, "stands under k"),
        ({"k": replace(kept("k", 1), gpus=(("p/z", 1),))}, "nodes that there are not"),
        ({"k": kept("k", 1, end=0)}, "Reserved"),
        ({"k": kept("k", 1)}, ""),
    ],
)
def test_reservations_are_for_who_waits_or_stops(rows: dict[str, Any], told: str) -> None:
    snapshot = replace(world(f"{BASE}; run j x p/a 1; job k x 1"), reserved=rows)
    if told:
        with pytest.raises(AssertionError, match=told):
            check(snapshot)
    else:
        check(snapshot)


class Careless(Planner):
    """It knows of no window."""

    def plan(self, snapshot: Snapshot) -> Plan:
        return Planner.plan(self, replace(snapshot, obstacles={}))


def test_a_table_holds_every_plan_against_its_state() -> None:
    table = Table(world(f"{BASE}; {JOB}; closed m p 60 900"), Careless())
    with pytest.raises(AssertionError, match="runs into m"):
        table.play()
