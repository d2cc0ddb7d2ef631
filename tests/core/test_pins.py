"""What is kept of a park stands on nodes: they are settled when its time is near, and stay unless they are lost."""

import random
from dataclasses import replace

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.changes import Hear, Intend, Pin, RemoveObstacle, Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.node import Heard, Silent
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.planning.planner import Rows, again_at
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.timeline.pins import SETTLED_AHEAD_SECONDS
from turns import Table
from worlds import world

STATES = 300
NODES = "node p/a 2; node p/b 2; node p/c 2; quota x 9; quota y 9"


def pins(table: Table) -> dict[str, dict[str, int]]:
    return {one: dict(settled.gpus) for one, settled in table.snapshot.pins.items()}


def stopped(table: Table) -> list[str]:
    return [one.attempt_id for one in table.play() if isinstance(one, Intend)]


def says(table: Table, node_id: str, heard: bool) -> None:
    now = table.snapshot.now
    table.carry((Hear(node_id, Heard(now) if heard else Silent(now)),))


def test_it_is_settled_two_hours_ahead():
    table = Table(
        world(f"{NODES}; booked b p y 2 {SETTLED_AHEAD_SECONDS + 60} 90000; run j0 x p/a 2 hours=99")
    )
    assert table.play() == ()
    assert pins(table) == {}
    assert again_at(table.planner.at(table.snapshot)) == after(table.snapshot.now, 60)
    table.later(60)
    table.play()
    assert pins(table) == {"b": {"p/b": 2}}


def test_what_is_settled_stays_whoever_comes_and_goes():
    table = Table(world(f"{NODES}; booked b p y 2 60 9000; run j0 x p/a 2 hours=9"))
    assert stopped(table) == []
    assert pins(table) == {"b": {"p/b": 2}}
    table.succeed("j0")
    assert stopped(table) == []
    assert pins(table) == {"b": {"p/b": 2}}


@pytest.mark.parametrize(("saves", "node_id"), [("saves", "p/a"), ("", "p/b")])
def test_a_promise_is_kept_at_the_price_of_a_restart_but_not_of_lost_work(saves: str, node_id: str):
    """p/b is kept for a gang when r1 is over, until long after b has begun; r0 goes on on p/a."""
    runs = f"run r0 x p/a 4 hours=9 {saves}; run r1 x p/b 4 hours=2"
    cluster = f"node p/a 4; node p/b 4; quota x 16; {runs}; booked b p y 4 14400 90000"
    starving = Settings(preemption=Preemption(starving_seconds=3600))
    table = Table(world(f"{cluster}; job g x 4 hours=9 age=7200", starving))
    table.play()
    assert table.snapshot.reserved["g"].gpus == (("p/b", 4),)
    table.later(14400 - SETTLED_AHEAD_SECONDS)
    table.play()
    assert pins(table) == {"b": {node_id: 4}}


def test_what_is_promised_is_not_idle_beside_who_goes_on():
    """On p/b two GPUs are promised to a gang when r1 is over, and r2 goes on; one of p/a is idle."""
    runs = "run r0 x p/a 2 hours=99; run r1 x p/b 2 hours=2; run r2 x p/b 2 hours=99"
    cluster = f"node p/a 3; node p/b 4; quota x 16; {runs}; booked b p y 1 14400 90000"
    starving = Settings(preemption=Preemption(starving_seconds=3600))
    table = Table(world(f"{cluster}; job g x 2 hours=9 age=7200", starving))
    table.play()
    assert table.snapshot.reserved["g"].gpus == (("p/b", 2),)
    table.later(14400 - SETTLED_AHEAD_SECONDS)
    table.play()
    assert pins(table) == {"b": {"p/a": 1}}


def test_it_moves_from_a_node_that_is_lost_and_not_back():
    busy = "run j0 x p/a 2 hours=9 saves; run j1 x p/c 2 hours=9"
    table = Table(world(f"{NODES}; booked b p y 2 0 9000; {busy}"))
    assert stopped(table) == []
    says(table, "p/b", heard=False)
    assert stopped(table) == ["j0.1"]
    assert pins(table) == {"b": {"p/a": 2}}
    says(table, "p/b", heard=True)
    assert stopped(table) == []
    assert pins(table) == {"b": {"p/a": 2}}


def test_it_stays_on_nodes_that_are_lost_when_there_are_no_others():
    table = Table(world("node p/a 2; node p/b 2; quota x 4; booked b p y 4 0 9000"))
    table.play()
    for node_id in ("p/a", "p/b"):
        says(table, node_id, heard=False)
        table.play()
        assert pins(table) == {"b": {"p/a": 2, "p/b": 2}}


def test_what_is_over_or_called_off_is_pinned_nowhere():
    snapshot = world(f"{NODES}; booked b p y 2 0 9000")
    kept = apply_all(snapshot, Planner().plan(snapshot).changes)
    assert kept.pins.keys() == {"b"}
    called_off = {"b": replace(kept.obstacles["b"], announced_by="ada")}
    assert apply_all(replace(kept, obstacles=called_off), (RemoveObstacle("b", "ada"),)).pins == {}


def test_a_window_that_is_over_leaves_its_nodes_to_the_next():
    """A planner that has known the first one plans as one that has not."""
    both = "booked a p y 2 -100 100; booked b p y 2 50 90000"
    table = Table(world(f"node p/a 2; node p/b 2; quota x 8; {both}"))
    before, job = table.snapshot, world("node p/a 2; quota x 8; job j x 2").jobs["j"]
    table.plan()
    later = replace(before, now=after(before.now, 200), jobs={"j": job})
    table.planner.update(later, Rows(jobs=("j",)))
    assert table.planner.plan(later) == Planner().plan(later)


def crowd(seed: int) -> Snapshot:
    """Two parks with jobs, some of which save themselves, and windows of all kinds, near and far."""
    chance = random.Random(seed)
    words = [f"node {park}/{name} {chance.choice((2, 4))}" for park in "pq" for name in "abc"]
    words += [f"quota {firm} 40" for firm in "xyz"]
    for number in range(chance.randint(0, 6)):
        node, saves = f"{chance.choice('pq')}/{chance.choice('abc')}", chance.choice(("", " saves"))
        run = f"run r{number} {chance.choice('xyz')} {node} 1 for={chance.randint(0, 3000)} hours={chance.randint(1, 9)}{saves}"
        if _fits("; ".join([*words, run])):
            words.append(run)
    for number in range(chance.randint(1, 5)):
        park, begin = chance.choice("pq"), chance.randint(-2, 5) * 1800
        when, lent = f"{begin} {begin + chance.randint(1, 8) * 1800 + 10000}", chance.choice(("", " lent"))
        words.append(
            chance.choice(
                (
                    f"closed w{number} {park} {when} nodes={park}/{chance.choice('abc')}",
                    f"booked w{number} {park} {chance.choice('yz')} {chance.randint(1, 6)} {when}",
                    f"own w{number} {park} {chance.randint(1, 6)} {when}{lent}",
                )
            )
        )
    words += [
        f"job w{number} {chance.choice('xyz')} {chance.randint(1, 4)} hours={chance.randint(1, 9)}"
        for number in range(3)
    ]
    return world("; ".join(words))


def _fits(text: str) -> bool:
    try:
        world(text)
    except AssertionError:
        return False
    return True


def _something_happens(table: Table, chance: random.Random) -> None:
    running = sorted(one.job_id for one in table.snapshot.attempts.values() if one.holds)
    match chance.randint(0, 3):
        case 0 if running:
            table.succeed(chance.choice(running))
        case 1:
            says(table, chance.choice(sorted(table.snapshot.nodes)), heard=chance.random() < 0.5)
        case _:
            table.later(chance.randint(1, 3000))


@pytest.mark.parametrize("seed", range(STATES))
def test_a_kept_desk_plans_as_a_new_one_whatever_lies_ahead(seed: int) -> None:
    chance, table = random.Random(seed), Table(crowd(seed))
    for _ in range(8):
        fresh = Planner().plan(table.snapshot)
        assert table.play() == fresh.changes
        _something_happens(table, chance)


@pytest.mark.parametrize("seed", range(STATES))
def test_what_is_settled_is_settled_once(seed: int) -> None:
    """Planned again and again, with nodes as they are: nothing moves, and nobody is asked to go for it."""
    table = Table(crowd(seed))
    table.play()
    for _ in range(3):
        changes = table.play()
        assert [one for one in changes if isinstance(one, Pin)] == []
        started = {one.attempt.id for one in changes if isinstance(one, Start)}
        assert [one for one in changes if isinstance(one, Intend) and one.attempt_id in started] == []
