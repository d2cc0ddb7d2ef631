"""A look at the desk tells what planning would find, without planning: whatever the state of a cluster."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.job import Job, ParkRules, Qos, RankNeeds, Shape
from bostan_scheduler.core.placement import place
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.round import Round
from bostan_scheduler.core.preemption.victim import victims
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.why import granted
from bostan_scheduler.core.why.help import HelpKind
from bostan_scheduler.core.why.look import Look, looking
from bostan_scheduler.core.why.why import explain
from crowded import cluster, settled, waiting
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import world

STATES = 150
CLASSES = ("a100", "t4", "unknown")


def desks(seed: int) -> Iterator[tuple[Desk, Job]]:
    """Each waiting job of a cluster with the desk, as if nothing were kept for it: as it comes, and once all is settled."""
    for snapshot in (cluster(seed), settled(cluster(seed))):
        desk = Planner().at(snapshot)
        for job in waiting(snapshot):
            with looking(desk, job):
                yield desk, job


def variants(job: Job, chance: random.Random) -> Iterator[Shape]:
    """The job's shape, and shapes that differ from it in what decides where there is room."""
    shape, rank = job.shape, job.shape.rank
    yield shape
    yield replace(
        shape,
        time_limit_seconds=chance.randint(600, 90_000),
        checkpoints=chance.random() < 0.6,
        stop_seconds=chance.choice((60, 900)),
    )
    yield replace(
        shape,
        replicas=chance.randint(1, 9),
        rank=RankNeeds(1, rank.cpus, gpu_milli=chance.choice((250, 500))),
    )
    yield replace(
        shape,
        rank=RankNeeds(chance.randint(1, 4), chance.randint(1, 9)),
        parks=ParkRules(deny=("p",), prefer=("q",)),
    )
    avoid = tuple(chance.sample(("p/0", "p/1", "q/0", "q/1"), chance.randint(1, 4)))
    yield replace(shape, avoid_nodes=avoid)
    yield replace(shape, avoid_nodes=avoid, patient=True)
    yield replace(shape, replicas=chance.randint(1, 12), rank=RankNeeds(0, chance.randint(1, 20)))


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_there_is_room_exactly_where_a_plan_finds_it(seed: int) -> None:
    chance = random.Random(seed)
    for desk, job in desks(seed):
        asked = [
            (shape, gpu_class)
            for shape in variants(job, chance)
            for gpu_class in (CLASSES if shape.rank.gpus else (None,))
        ]
        look = Look(desk, job.id)
        told = [(look.has_free(*one), look.has_room(*one)) for one in asked]
        assert told == [_found(desk, job, *one) for one in asked]


def _found(desk: Desk, job: Job, shape: Shape, gpu_class: str | None) -> tuple[bool, bool]:
    """Whether a plan finds room among what is free, and such that nothing ahead is in the way."""
    limits = desk.limits(shape, gpu_class, job.id)
    free, room = place(desk.room, shape, gpu_class), place(desk.room, shape, gpu_class, limits)
    return free is not None, room is not None


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_limits_are_those_of_a_plan(seed: int) -> None:
    chance = random.Random(seed)
    for desk, job in desks(seed):
        for shape in variants(job, chance):
            known, limits = desk.limits(shape, "a100", job.id), Look(desk, job.id).limits(shape, "a100")
            if limits is None:
                assert not known
                continue
            assert {node_id: limits.on(node_id) for node_id in desk.room.rooms} == {
                node_id: known.get(node_id) for node_id in desk.room.rooms
            }
            assert limits.count() == len(known)


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_a_reserved_claim_asks_the_same_running_jobs_as_a_standard_one(seed: int) -> None:
    """So that only a scavenger's job is told of a firmer claim."""
    for desk, job in desks(seed):
        leaf = desk.leaf(job)
        if leaf is None or job.id not in desk.queue.spots or not allowed(leaf, job.shape):
            continue
        asked = Round(desk, Pool.of(victims(desk)))
        for gpu_class in CLASSES:
            pairs = [(leaf.id, replace(job.shape, qos=qos)) for qos in (Qos.STANDARD, Qos.RESERVED)]
            standard, reserved = (asked.make_room(pair, job, gpu_class) for pair in pairs)
            assert standard == reserved


@settings(max_examples=STATES, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_counted_as_plans_go_on_is_what_a_new_desk_counts(seed: int) -> None:
    table = Table(cluster(seed))
    for _ in range(4):
        table.play()
        desk, anew = table.planner.at(table.snapshot), Desk.of(table.snapshot)
        assert desk.running.holders == anew.running.holders
        assert desk.room.kinds.of_class == anew.room.kinds.of_class


def test_nodes_that_come_change_and_go_are_counted_by_kind() -> None:
    full = world("node p/a 4; node p/b 4 cpus=8; node q/c 2xt4; quota x 8")
    planner, gone = Planner(), {key: node for key, node in full.nodes.items() if key != "p/b"}
    ledger = planner.at(full).room
    for nodes in (gone, full.nodes, {**gone, "p/a": replace(full.nodes["p/a"], cpus=1)}):
        snapshot = replace(full, nodes=nodes)
        for node_id in full.nodes:
            ledger.set_node(snapshot, node_id)
        assert ledger.kinds == Desk.of(snapshot).room.kinds


SCAVENGERS = "node p/a 4; quota x 8; quota z 8; run j0 z p/a 2 qos=scavenger for=7200; run j9 z p/a 2 qos=scavenger for=7200; job j1 x 4 qos=scavenger"


@pytest.mark.parametrize(("tried", "kinds"), [(2, [HelpKind.QOS]), (1, [])])
def test_no_more_running_jobs_are_looked_at_than_may_be(
    tried: int, kinds: list[HelpKind], monkeypatch
) -> None:
    """A help that was not found is not told; none is told that is not true."""
    monkeypatch.setattr(granted, "VICTIMS_TRIED", tried)
    snapshot = _started(world(SCAVENGERS))
    helps = explain(Planner().at(snapshot), snapshot.jobs["j1"]).helps
    assert [one.kind for one in helps if one.kind is HelpKind.QOS] == kinds


def _started(snapshot: Snapshot) -> Snapshot:
    return apply_all(snapshot, Planner().plan(snapshot).starts)
