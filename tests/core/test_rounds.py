"""The limits of a round, each reached: how often it is held, who is heard, and how long what is made is kept."""

from dataclasses import replace
from typing import Any

import pytest
from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Add, HoldRound, Intend, Reserve, Start, Unreserve
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.node import Verdict
from bostan_scheduler.core.order import Fifo
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.preemption import round as round_room
from bostan_scheduler.core.snapshot import ClassFacts, Settings, Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved
from turns import Table
from worlds import lines, world

BORROWED = "node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4+4 under r; run j0 x p/a 4 for=7200; run j1 x p/a 4 for=7200"


def told(cluster: str, **rules: Any) -> Snapshot:
    return world(cluster, Settings(preemption=Preemption(**rules)))


def kinds(snapshot: Snapshot) -> list[type]:
    return [type(one) for one in Planner().plan(snapshot).changes]


@pytest.mark.parametrize(("since_seconds", "held"), [(359, False), (360, True)])
def test_spacing_seconds(since_seconds: int, held: bool) -> None:
    snapshot = told(f"{BORROWED}; job j2 y 4")
    snapshot = replace(snapshot, round_at=snapshot.now - since_seconds * 1000, stirred_at=snapshot.now)
    assert (HoldRound in kinds(snapshot)) is held


@pytest.mark.parametrize(("since_seconds", "held"), [(1799, False), (1800, True)])
def test_quiet_seconds(since_seconds: int, held: bool) -> None:
    """No job has come or ended since the last round, and the order knows no urgency."""
    snapshot = told(f"{BORROWED}; job j2 y 4")
    at = snapshot.now - since_seconds * 1000
    settings = replace(snapshot.settings, order=Fifo())
    snapshot = replace(snapshot, round_at=at, stirred_at=at - 1, settings=settings)
    assert (HoldRound in kinds(snapshot)) is held


@pytest.mark.parametrize(("ran_seconds", "goes"), [(1799, False), (1800, True)])
def test_min_run_seconds(ran_seconds: int, goes: bool) -> None:
    cluster = BORROWED.replace("for=7200", f"for={ran_seconds}")
    assert (Intend in kinds(told(f"{cluster}; job j2 y 4"))) is goes


@pytest.mark.parametrize(("candidates_max", "heard"), [(1, False), (2, True)])
def test_candidates_max(candidates_max: int, heard: bool) -> None:
    """The first in turn asks for more than it is owed, and is refused."""
    rules = Preemption(candidates_max=candidates_max)
    snapshot = world(f"{BORROWED}; job j2 y 8 age=60; job j3 y 4", Settings(order=Fifo(), preemption=rules))
    assert (Intend in kinds(snapshot)) is heard


@pytest.mark.parametrize(("waited_seconds", "kept"), [(3599, False), (3600, True)])
def test_starving_seconds(waited_seconds: int, kept: bool) -> None:
    cluster = "node p/a 4; quota x 8; run j0 x p/a 2 for=60 hours=2; job j1 x 4"
    snapshot = told(cluster, starving_seconds=3600)
    job = snapshot.jobs["j1"]
    since = snapshot.now - waited_seconds * 1000
    snapshot = replace(
        snapshot, jobs={**snapshot.jobs, "j1": replace(job, phase=replace(job.phase, since=since))}
    )
    assert (Reserve in kinds(snapshot)) is kept


@pytest.mark.parametrize("reservations_max", [0, 1, 2])
def test_reservations_max(reservations_max: int) -> None:
    jobs = "; ".join(f"job g{number} x 4 age=9000 hours={number + 1}" for number in range(3))
    cluster = f"node p/a 4; node p/b 4; quota x 99; run j0 x p/a 2 for=60; run j1 x p/b 2 for=60; {jobs}"
    snapshot = told(cluster, starving_seconds=60, reservations_max=reservations_max)
    assert kinds(snapshot).count(Reserve) == reservations_max


@pytest.mark.parametrize(("seconds", "given_up"), [(329, False), (330, True)])
def test_claim_seconds(seconds: int, given_up: bool) -> None:
    """The victim does not go: 30 s for its stop and 300 s later its room is not kept any more."""
    table = Table(told(f"{BORROWED}; job j2 y 4", claim_seconds=300))
    table.carry(table.plan())
    table.later(seconds)
    assert any(isinstance(one, Unreserve) for one in table.plan()) is given_up


def test_what_was_made_for_a_job_that_is_gone_is_given_up() -> None:
    table = Table(told(f"{BORROWED}; job j2 y 4"))
    table.carry(table.plan())
    table.cancel("j2")
    assert [type(one) for one in table.plan()] == [Unreserve]


@pytest.mark.parametrize(("speed_milli", "moves"), [(1249, False), (1250, True)])
def test_move_gain(speed_milli: int, moves: bool) -> None:
    cluster = (
        "node p/a 4,4xh100; quota x 4; quota x 4 class=h100; run j0 x p/a 4 for=7200 estimate=90000 saves"
    )
    snapshot = replace(told(cluster), classes={"h100": ClassFacts(speed_milli=speed_milli)})
    table = Table(snapshot)
    changes = table.play()
    stops = [one for one in changes if isinstance(one, Intend) and isinstance(one.intent, Stop)]
    assert bool(stops) is moves
    if moves:
        started = [one.attempt for one in table.play() if isinstance(one, Start)]
        assert [(one.job_id, one.gpu_class) for one in started] == [("j0", "h100")]
        assert table.snapshot.jobs["j0"].preempted_at is None


def test_a_move_that_does_not_pay_the_restart_back_is_not_made() -> None:
    cluster = (
        "node p/a 4,4xh100; quota x 4; quota x 4 class=h100; run j0 x p/a 4 for=7200 estimate=7800 saves"
    )
    snapshot = replace(told(cluster), classes={"h100": ClassFacts(speed_milli=1500)})
    assert Intend not in kinds(snapshot)


def test_a_reservation_is_only_for_its_job() -> None:
    snapshot = told("node p/a 4; quota x 99; job j1 x 2; job j2 x 2")
    kept = Reserved(
        "j2",
        "p",
        "a100",
        (("p/a", 4),),
        snapshot.now,
        snapshot.now,
        snapshot.now + 60_000,
        snapshot.now + 60_000,
    )
    assert lines(replace(snapshot, reserved={"j2": kept})) == [
        "start j2 p/a 0,1",
        "give-up j2",
        "start j1 p/a 2,3",
    ]
    whole = replace(kept, gpus=(("p/a", 3),))
    job = replace(snapshot.jobs["j2"], spec=replace(snapshot.jobs["j2"].spec, replicas=9))
    blocked = replace(snapshot, jobs={**snapshot.jobs, "j2": job}, reserved={"j2": whole})
    assert lines(blocked) == ["wait j1 window-ahead", "wait j2 room-is-made"]


SHARED = "node p/a 1; quota x 9; run j0 x p/a 1 milli=500 for=7200 qos=scavenger; job j1 x 1 milli=600"


def test_parts_that_are_kept_are_only_for_their_job() -> None:
    """What is left beside them, which another of the firm would fit in, goes to nobody."""
    table = Table(told(SHARED))
    table.carry(table.plan())
    comes = world("quota x 9; job j9 x 1 milli=300").jobs["j9"]
    later = replace(table.snapshot, jobs={**table.snapshot.jobs, "j9": comes})
    assert lines(later) == ["wait j1 room-is-made", "wait j9 gpus-busy"]


def test_parts_are_kept_until_those_who_give_them_up_have_gone() -> None:
    table = Table(told(SHARED))
    assert [type(one) for one in table.play()] == [HoldRound, Intend, Reserve]
    assert [one.attempt.job_id for one in table.play() if isinstance(one, Start)] == ["j1"]


def test_parts_are_kept_no_longer_than_for_their_job() -> None:
    table = Table(told(SHARED))
    table.play()
    table.cancel("j1")
    table.play()
    held = table.planner.at(table.snapshot).room.held
    assert set(held.claims) == {one.id for one in table.snapshot.attempts.values() if one.holds}


FULL = "node p/a 4; node p/b 4; quota root 7 firm=branch; quota x 4 under root; quota y 3+any under root"
BUSY = "run r0 y p/a 2 hours=2; run r1 y p/a 1 hours=1; run r2 y p/b 3 hours=9"


@pytest.mark.parametrize(
    ("comes", "told"),
    [
        pytest.param("y 1 hours=1", "start j p/a 3", id="over by then"),
        pytest.param("y 1 hours=9", "wait j quota-kept", id="not over by then"),
    ],
)
def test_quota_that_is_meant_for_the_starving_is_used_by_who_is_over_by_then(comes: str, told: str) -> None:
    """The gang is promised a node in two hours, and the quota for it from then on."""
    rules = Settings(preemption=Preemption(starving_seconds=60))
    table = Table(world(f"{FULL}; {BUSY}; job g x 4 hours=2 age=9000", rules))
    changes = table.plan()
    assert [type(one) for one in changes] == [HoldRound, Reserve]
    table.carry(changes)
    job = world(f"{FULL}; job j {comes}").jobs["j"]
    later = replace(table.snapshot, jobs={**table.snapshot.jobs, "j": job})
    assert told in lines(later)


def test_claims_max(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is made for so many in a round; the next are heard in the next."""
    monkeypatch.setattr(round_room, "CLAIMS_MAX", 2)
    nodes = "; ".join(f"node p/{number} 4; run r{number} y p/{number} 4 for=7200" for number in range(3))
    quotas = "quota root 12 firm=branch; quota x 12 under root; quota y 0+any under root"
    jobs = "; ".join(f"job j{number} x 4" for number in range(3))
    node_first = "; ".join(sorted(nodes.split("; "), key=lambda line: line.startswith("run")))
    changes = kinds(told(f"{node_first.replace('; run', f'; {quotas}; run', 1)}; {jobs}"))
    assert changes.count(Reserve) == 2


AHEAD = "quota x 8; run r x p/a 4 hours=2; job g x 8 age=700000 hours=10"


def settled(cluster: str, comes: str) -> Table:
    """The first plan is carried out; then a job comes, and a round is due."""
    table = Table(world(cluster, Settings(preemption=Preemption(starving_seconds=60))))
    table.play()
    job = world(f"quota x 8; quota y 8; {comes}").jobs["w"]
    table.later(400)
    table.carry((Add(replace(job, submitted_at=table.snapshot.now, phase=Queued(table.snapshot.now))),))
    return table


def test_a_round_leaves_the_starving_their_quota() -> None:
    """It has room and quota now, and would last into the time of the gang: no claim gets it past that."""
    table = settled(f"node p/a 8; node p/b 8; {AHEAD}", "job w x 4 hours=20")
    for _ in range(3):
        changes = table.play()
        assert not [one for one in changes if isinstance(one, Start | Reserve)]
        table.later(400)


def test_a_scavenger_is_promised_nothing() -> None:
    cluster = "node p/a 4; quota x 8; run j0 x p/a 2 for=60 hours=2; job j1 x 4 age=7200 qos=scavenger"
    assert Reserve not in kinds(told(cluster, starving_seconds=60))


def test_the_same_quota_is_promised_once() -> None:
    """Both gangs wait for GPUs until late; the second begins when the first is over."""
    text = "node p/a 8; node q/c 4; quota x 8; quota y 4; run r x p/a 4 hours=20; run s y q/c 4 hours=19; job A x 8 park=p age=800000 hours=10; job B x 4 park=q age=700000 hours=2"
    kept = [
        one.reserved
        for one in Planner().plan(told(text, starving_seconds=60)).changes
        if isinstance(one, Reserve)
    ]
    together = [one for one in kept if one.from_at < kept[0].until_at]
    assert len(together) == 1


def test_quota_of_then_is_told_by_rows_not_by_the_clock() -> None:
    """An offer that is not answered yet does not last longer by being looked at later."""
    table = Table(
        world(
            "node p/a 8; node p/b 8; quota x 10; run r x p/a 6 hours=10; job g x 8 age=700000 hours=10",
            Settings(preemption=Preemption(starving_seconds=60)),
        )
    )
    table.play()
    jobs = [
        world(f"quota x 8; job {name} x 2 hours={hours}").jobs[name] for name, hours in (("w", 10), ("X", 20))
    ]
    table.carry([Add(jobs[0])])
    table.carry(table.plan())
    table.later(30)
    table.carry([Add(jobs[1])])
    assert table.plan() == Planner().plan(table.snapshot).changes


def test_parts_that_have_failed_are_given_to_nobody() -> None:
    """Room was made on a GPU, and while it was left it has failed."""
    table = Table(told(SHARED))
    table.play()
    node = table.snapshot.nodes["p/a"]
    failed = replace(node, gpus=tuple(replace(gpu, verdict=Verdict.FAILED) for gpu in node.gpus))
    later = replace(table.snapshot, nodes={"p/a": failed})
    assert [one for one in Planner().plan(later).changes if isinstance(one, Start)] == []
