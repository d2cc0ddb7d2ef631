"""The ledger of what is free: kept up row by row it is what it would be if it were built anew."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from bostan_scheduler.core.attempt import Attempt, Ended, Fencing, Offered, Place, RankOffered
from bostan_scheduler.core.job import Active, Job, JobSpec, Queued, RankNeeds
from bostan_scheduler.core.node import Drain, Gpu, Heard, Node, Silent, Verdict
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.placement import place
from bostan_scheduler.core.room import Ledger, nearby
from bostan_scheduler.core.room.held import Claim, left_of
from bostan_scheduler.core.room.where import Within
from bostan_scheduler.core.snapshot import Snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import NOW, world

GIB = 2**30
FIRMS = ("x", "y")
NODES = ("p/a", "p/b", "q/c")
LABELS = ((), (("switch", "s1"),), (("rack", "r1"), ("switch", "s1")), (("rack", "r1"), ("switch", "s2")))
UUIDS = tuple(f"gpu{number}" for number in range(6))


def contents(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger says, in an order that tells nothing of how it came about."""
    return {
        "nodes": {
            node_id: (room.node, room.gpus, room.where, room.state and room.state.key)
            for node_id, room in ledger.rooms.items()
        },
        "claims": ledger.held.claims,
        "shared": ledger.held.shared,
        "gpus": {uuid: sorted(holds) for uuid, holds in ledger.held.gpus.items()},
        "loads": ledger.held.loads,
        "pools": ledger.pools,
        "sizes": ledger.sizes,
        "cpus": ledger.cpus,
        "open": ledger.open,
        "owners": ledger.owners.claims,
        "buckets": {
            state.key: (bucket.nodes, bucket.places) for state, bucket in ledger.buckets.live.items()
        },
        "classes": {
            gpu_class: {state.key for state in states}
            for gpu_class, states in ledger.buckets.of_class.items()
            if states
        },
        "known": {demand: tally.jobs for demand, tally in ledger.known.by_demand.items() if tally.jobs},
    }


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """A node that may be silent or drained and may claim GPUs that another claims too."""
    node_id = draw(st.sampled_from(NODES))
    uuids = draw(st.lists(st.sampled_from(UUIDS), max_size=4, unique=True))
    return Node(
        id=node_id,
        park=node_id[0],
        name=node_id[2:],
        boot_id="boot",
        session=draw(st.sampled_from((Heard(NOW), Silent(NOW)))),
        gpus=tuple(draw(gpus(uuid)) for uuid in uuids),
        cpus=draw(st.integers(1, 64)),
        memory_bytes=draw(st.integers(1, 4)) * GIB,
        labels=draw(st.sampled_from(LABELS)),
        drain=draw(st.sampled_from((None, Drain(NOW, "operator", "")))),
        version=draw(st.integers(0, 2)),
    )


def gpus(uuid: str) -> st.SearchStrategy[Gpu]:
    """A GPU that may be of no class or may take nothing."""
    return st.builds(
        Gpu,
        st.just(uuid),
        st.just("device"),
        st.sampled_from((40 * GIB, 80 * GIB)),
        st.sampled_from(("a100", "t4", None)),
        st.integers(0, 1),
        st.sampled_from((Verdict.HEALTHY, Verdict.FAILED)),
    )


@st.composite
def needs(draw: st.DrawFn) -> RankNeeds:
    """Whole GPUs, a part of one, or none."""
    asked = draw(st.integers(0, 2))
    milli = draw(st.sampled_from((250, 500, 1000))) if asked == 1 else 1000
    cpus = draw(st.one_of(st.none(), st.integers(1, 32)))
    return RankNeeds(asked, cpus, draw(st.sampled_from((None, GIB))), milli)


@st.composite
def running(draw: st.DrawFn) -> tuple[Job, Attempt]:
    """A job and its attempt, which holds GPUs anywhere, even where they are unknown or held by others."""
    number, rank, firm = draw(st.integers(0, 4)), draw(needs()), draw(st.sampled_from(FIRMS))
    replicas = draw(st.integers(1, 2))
    uuids = draw(st.permutations(UUIDS))
    places = tuple(
        Place(one, draw(st.sampled_from(NODES)), tuple(uuids[one * 2 : one * 2 + rank.gpus]))
        for one in range(replicas)
    )
    spec = JobSpec("train", firm, None, ("true",), replicas=replicas, rank=rank)
    attempt = Attempt(
        id=f"j{number}.1",
        job_id=f"j{number}",
        firm=firm,
        project=None,
        quota_id=firm,
        number=1,
        fencing=Fencing(1, number + 1),
        park="p",
        gpu_class="a100" if rank.gpus else None,
        places=places,
        seen=(RankOffered(),) * replicas,
        created_at=NOW,
        phase=Offered(NOW, NOW + 1),
        lease_seconds=60,
        time_limit_seconds=60,
    )
    return Job(attempt.job_id, spec, NOW, "somebody", Active(attempt.id), attempts=1), attempt


def step(ledger: Ledger, snapshot: Snapshot, event: object) -> Snapshot:
    """What happens next, told to the ledger as the rows change."""
    match event:
        case Node() as node:
            return _told(ledger, replace(snapshot, nodes={**snapshot.nodes, node.id: node}), node.id)
        case ("gone", str(node_id)):
            left = {one: node for one, node in snapshot.nodes.items() if one != node_id}
            return _told(ledger, replace(snapshot, nodes=left), node_id)
        case ("ended", str(attempt_id)):
            return _ended(ledger, snapshot, attempt_id)
        case (Job() as job, Attempt() as attempt):
            before = _ended(ledger, snapshot, attempt.id)
            ledger.know(job)
            ledger.hold(attempt, job.spec.rank)
            ledger.hold(attempt, job.spec.rank)
            return replace(
                before,
                jobs={**before.jobs, job.id: job},
                attempts={**before.attempts, attempt.id: attempt},
            )
        case _:
            raise AssertionError(event)


def _told(ledger: Ledger, snapshot: Snapshot, node_id: str) -> Snapshot:
    ledger.set_node(snapshot, node_id)
    return snapshot


def _ended(ledger: Ledger, snapshot: Snapshot, attempt_id: str) -> Snapshot:
    """The attempt holds nothing any more, and its job is over."""
    attempt = snapshot.attempts.get(attempt_id)
    ledger.release(attempt_id)
    ledger.release(attempt_id)
    if attempt is None:
        return snapshot
    ledger.forget(attempt.job_id)
    over = replace(attempt, phase=Ended(Succeeded(), NOW))
    jobs = {one: job for one, job in snapshot.jobs.items() if one != attempt.job_id}
    return replace(snapshot, jobs=jobs, attempts={**snapshot.attempts, attempt_id: over})


events = st.one_of(
    nodes(),
    running(),
    st.tuples(st.just("gone"), st.sampled_from(NODES)),
    st.tuples(st.just("ended"), st.sampled_from([f"j{number}.1" for number in range(5)])),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(events, max_size=25))
def test_kept_up_row_by_row_it_is_what_it_would_be_anew(happenings: list[object]) -> None:
    snapshot = Snapshot(NOW)
    ledger = Ledger.of(snapshot)
    for event in happenings:
        snapshot = step(ledger, snapshot, event)
    assert contents(ledger) == contents(Ledger.of(snapshot))


@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=25), st.lists(running(), min_size=1, max_size=4))
def test_what_was_learnt_on_the_way_does_not_change_where_a_job_goes(
    happenings: list[object], asked: list[tuple[Job, Attempt]]
) -> None:
    snapshot = Snapshot(NOW)
    ledger = Ledger.of(snapshot)
    for event in happenings:
        snapshot = step(ledger, snapshot, event)
        answers(ledger, asked)
    assert answers(ledger, asked) == answers(Ledger.of(snapshot), asked)


def answers(ledger: Ledger, asked: list[tuple[Job, Attempt]]) -> list[object]:
    """Where each job would go, class by class."""
    return [
        place(ledger, job.shape, gpu_class)
        for job, _ in asked
        for gpu_class in (("a100", "t4") if job.spec.rank.gpus else (None,))
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(events, max_size=15), running())
def test_what_is_tried_and_taken_back_leaves_no_trace(
    happenings: list[object], tried: tuple[Job, Attempt]
) -> None:
    snapshot = Snapshot(NOW)
    ledger = Ledger.of(snapshot)
    for event in happenings:
        snapshot = step(ledger, snapshot, event)
    job, attempt = tried
    if attempt.id not in ledger.held.claims:
        before = deepcopy(contents(ledger))
        ledger.hold(attempt, job.spec.rank)
        ledger.release(attempt.id)
        assert contents(ledger) == before


def test_what_is_known_of_switches_is_found_anew_when_a_node_stirs_and_is_not_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nearby, "KEPT", 3)
    known, near = nearby.Nearby(), (2, Within.SWITCH, 0, "s1")
    assert known.of("p", 4, 1, lambda: near) == near
    assert known.of("p", 4, 1, lambda: None) == near
    assert known.of("p", 4, 2, lambda: None) is None
    for ranks in range(5, 20):
        assert known.of("p", ranks, 2, lambda: near) == near
        assert len(known.known) <= 3


def test_no_attempt_holds_twice_under_one_name() -> None:
    ledger = Ledger.of(world("node p/a 4; quota x 8; run j0 x p/a 2"))
    with pytest.raises(AssertionError, match=r"j0\.1 holds something already"):
        ledger.put_claim("j0.1", Claim(RankNeeds(1), "x", ()))


def test_a_release_says_of_which_classes_there_may_be_more() -> None:
    snapshot = world("node p/a 4; node p/b 4xt4; quota x 8; run j0 x p/a 2")
    ledger = Ledger.of(snapshot)
    assert ledger.free_on("p/a", "a100") == 2
    assert ledger.release("j0.1") == {"a100", None}
    assert ledger.free_on("p/a", "a100") == 4
    assert ledger.release("j0.1") == frozenset()


def test_a_node_that_only_says_hello_again_changes_nothing() -> None:
    snapshot = world("node p/a 4; quota x 8")
    ledger = Ledger.of(snapshot)
    again = replace(snapshot.nodes["p/a"], version=9, boots_before=("boot-0",))
    assert ledger.set_node(replace(snapshot, nodes={"p/a": again}), "p/a") == frozenset()
    assert ledger.rooms["p/a"].node is again


def test_a_gpu_that_two_nodes_claim_is_the_first_ones_until_it_goes() -> None:
    snapshot = world("node p/a 2; node p/b 2")
    twin = replace(snapshot.nodes["p/b"], gpus=snapshot.nodes["p/a"].gpus)
    both = replace(snapshot, nodes={**snapshot.nodes, "p/b": twin})
    ledger = Ledger.of(both)
    assert dict(ledger.nodes_with("p", "a100")) == {"p/a": 2, "p/b": 0}
    assert ledger.set_node(replace(both, nodes={"p/b": twin}), "p/a") == {"a100", None}
    assert dict(ledger.nodes_with("p", "a100")) == {"p/b": 2}


def test_a_gpu_shared_by_two_firms_against_the_rules_is_nobodys() -> None:
    assert left_of((("j1.1", 250, "x"), ("j2.1", 500, "x"))) == (250, "x")
    assert left_of((("j1.1", 250, "x"), ("j2.1", 500, "y"))) == (0, "")


def test_waiting_jobs_are_known_too() -> None:
    ledger = Ledger.of(world("quota x 8; job j1 x 2; job j2 x 2; job j3 x 4"))
    assert isinstance(world("quota x 8; job j1 x 2").jobs["j1"].phase, Queued)
    assert {demand.needs.gpus: tally.jobs for demand, tally in ledger.known.by_demand.items()} == {2: 2, 4: 1}
