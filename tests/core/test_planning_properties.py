"""What must hold of orders, preemption and reservations, whatever the state of the cluster."""

import random
from collections.abc import Iterator

from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Change, Intend, Start
from bostan_scheduler.core.check import check_quota
from bostan_scheduler.core.job import Active, Queued
from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.trial import Trial
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.preemption.claims import reclaim
from bostan_scheduler.core.preemption.eviction import evict
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.victim import victims
from bostan_scheduler.core.preemption.wanted import Wanted
from bostan_scheduler.core.snapshot import Settings, Snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import world

STATES = 10_000
ROUNDS_MAX = 40


def cluster(seed: int) -> Snapshot:
    """A full cluster of one or two parks, three firms that borrow from each other, and jobs that wait; some share GPUs."""
    chance = random.Random(seed)
    nodes = [
        f"{park}/{number}" for park in "pq"[: chance.randint(1, 2)] for number in range(chance.randint(1, 3))
    ]
    words = [f"node {one} 4" for one in nodes]
    total = 4 * len(nodes)
    words.append(f"quota root {total} firm=branch")
    parts = sorted(chance.randint(0, total) for _ in range(2))
    for firm, part in zip("xyz", (parts[0], parts[1] - parts[0], total - parts[1]), strict=True):
        words.append(f"quota {firm} {part}+any-{chance.randint(0, part)} under root")
    for number, held in enumerate(_filled(nodes, chance)):
        words.append(f"run r{number:02} {held} for={chance.randint(0, 9000)}{_wishes(chance)}")
    for number in range(chance.randint(1, 8)):
        size = chance.choice(
            ("1", "2", "4", "2x2", "4x2", "1x3", "1 milli=300", "1 milli=500", "1x3 milli=400")
        )
        words.append(
            f"job w{number:02} {chance.choice('xyz')} {size} age={chance.randint(0, 9000)}{_wishes(chance)}"
        )
    order = ORDERS[chance.choice(sorted(ORDERS))]()
    rules = Preemption(
        spacing_seconds=0,
        min_run_seconds=chance.choice((0, 1800)),
        starving_seconds=chance.choice((600, 90_000)),
    )
    return world("; ".join(words), Settings(order=order, preemption=rules))


def _filled(nodes: list[str], chance: random.Random) -> Iterator[str]:
    """Firm, node and GPUs of what runs: whole ones, or one that up to three jobs of the firm share."""
    for node in nodes:
        left = 4
        while left and chance.random() < 0.9:
            firm, gpus = chance.choice("xyz"), chance.randint(1, left)
            if chance.random() < 0.3:
                gpus = 1
                for _ in range(chance.randint(1, 3)):
                    yield f"{firm} {node} 1 milli={chance.choice((200, 300))}"
            else:
                yield f"{firm} {node} {gpus}"
            left -= gpus


def _wishes(chance: random.Random) -> str:
    saves = " saves" if chance.random() < 0.7 else ""
    qos = chance.choice(("standard", "standard", "scavenger", "reserved"))
    return f" estimate={int(chance.lognormvariate(8, 2)) + 1} qos={qos} hours={chance.randint(1, 48)}{saves}"


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_no_preemption_causes_another(seed: int) -> None:
    """Carried out again and again at one instant: it ends, and no job that made room asks for room.

    And none makes room twice, but where it may be stopped as soon as it has started again.
    """
    table, made_room = Table(cluster(seed)), set[str]()
    at_once = table.snapshot.settings.preemption.min_run_seconds == 0
    for _ in range(ROUNDS_MAX):
        stops = stops_of(table.play())
        for attempt_id, for_job in stops:
            job_id = attempt_id.partition(".")[0]
            assert at_once or job_id not in made_room, f"{job_id} makes room twice"
            assert for_job not in made_room, f"{for_job} made room and asks for it"
            made_room.add(job_id)
        if not stops:
            return
    raise AssertionError("preemption goes on and on")


def stops_of(changes: tuple[Change, ...]) -> list[tuple[str, str | None]]:
    return [
        (one.attempt_id, one.intent.for_job)
        for one in changes
        if isinstance(one, Intend) and isinstance(one.intent, Stop)
    ]


@settings(max_examples=STATES // 10, deadline=None)
@given(st.integers(0, 2**32))
def test_who_others_make_room_for_starts_when_they_have(seed: int) -> None:
    table = Table(cluster(seed))
    waited_for = {for_job for _, for_job in stops_of(table.play())}
    started = {one.attempt.job_id for one in table.play() if isinstance(one, Start)}
    assert waited_for <= started


@settings(max_examples=STATES // 10, deadline=None)
@given(st.integers(0, 2**32))
def test_a_kept_desk_plans_as_a_new_one(seed: int) -> None:
    """After any events, what the planner kept gives the very plan that is drawn up from scratch."""
    chance, table = random.Random(seed), Table(cluster(seed))
    for _ in range(8):
        _something_happens(table, chance)
        fresh = Planner().plan(table.snapshot)
        assert table.planner.plan(table.snapshot) == fresh
        table.carry(fresh.changes)
        table.play()
        check_quota(table.snapshot)


@settings(max_examples=STATES // 10, deadline=None)
@given(st.integers(0, 2**32))
def test_nobody_goes_in_vain(seed: int) -> None:
    """Where a running job would be spared, the one that waits would have no room or no quota."""
    desk = Desk.of(cluster(seed))
    running = Pool.of(victims(desk))
    for pair in tuple(desk.queue.lines):
        wanted = Wanted(desk, pair, "a100", reclaim(desk, pair, "a100"), desk.limits(pair[1], "a100"))
        made = evict(wanted, running)
        for spared in made.victims if made is not None else ():
            with Trial(desk) as trial:
                for victim in made.victims if made is not None else ():
                    if victim is not spared:
                        trial.remove(victim.attempt)
                assert not (wanted.in_quota and wanted.room()), f"{spared.attempt.id} goes in vain"


def _something_happens(table: Table, chance: random.Random) -> None:
    jobs = sorted(table.snapshot.jobs.values(), key=lambda job: job.id)
    running = [job.id for job in jobs if isinstance(job.phase, Active)]
    waiting = [job.id for job in jobs if isinstance(job.phase, Queued)]
    match chance.randint(0, 3):
        case 0 if running:
            table.succeed(chance.choice(running))
        case 1 if waiting:
            table.cancel(chance.choice(waiting))
        case _:
            table.later(chance.randint(1, 4000))
