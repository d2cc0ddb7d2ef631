"""What must hold for any cluster: no GPU twice, no quota exceeded, gangs whole, quiet after, order of input irrelevant."""

import random
from dataclasses import replace
from typing import Any

import pytest
from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.changes import HoldRound
from bostan_scheduler.core.check import check, check_quota
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.plan import Planner, plan, waits_of
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of
from clusters import clusters
from drawn import drawn, without_windows
from hypothesis import given, settings
from hypothesis import strategies as st
from seeds import BLOCK, block, of_seed
from worlds import lines

STATES = 2000


@settings(max_examples=200, deadline=None)
@given(clusters())
def test_a_plan_takes_no_more_than_there_is(snapshot: Snapshot) -> None:
    after = apply_all(snapshot, plan(snapshot).starts)
    check(after)
    check_quota(after)
    assert _usage_fits_every_branch(after)


def _usage_fits_every_branch(snapshot: Snapshot) -> bool:
    ledger = QuotaLedger.of(snapshot.quota, usage_of(snapshot), snapshot.now)
    return all(
        ledger.held(node.id, gpu_class) <= max(quota.limit, quota.kept)
        for node in snapshot.quota.nodes.values()
        for gpu_class, quota in node.gpus.items()
        if node.parent is not None
    ) and ledger.held("root", "a100") <= Gpus(12)


@settings(max_examples=100, deadline=None)
@given(clusters())
def test_gangs_start_whole_on_open_nodes_with_healthy_gpus(snapshot: Snapshot) -> None:
    for start in plan(snapshot).starts:
        attempt = start.attempt
        spec = snapshot.jobs[attempt.job_id].spec
        assert [len(place.gpus) for place in attempt.places] == [spec.rank.gpus] * spec.replicas
        nodes = [snapshot.nodes[node_id] for node_id in attempt.node_ids]
        assert all(node.open for node in nodes)
        usable = {gpu.uuid for node in nodes for gpu in node.gpus if gpu.usable}
        assert usable >= {gpu for place in attempt.places for gpu in place.gpus}


@settings(max_examples=100, deadline=None)
@given(clusters())
def test_a_second_plan_starts_nothing_more(snapshot: Snapshot) -> None:
    assert plan(apply_all(snapshot, plan(snapshot).starts)).starts == []


@settings(max_examples=100, deadline=None)
@given(clusters(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(snapshot: Snapshot, chance: random.Random) -> None:
    assert sorted(lines(_shuffled(snapshot, chance))) == sorted(lines(snapshot))


@pytest.mark.parametrize("number", range(STATES // BLOCK))
def test_nor_does_it_in_any_drawn_world(number: int) -> None:
    for seed in block(number):
        with of_seed(seed):
            snapshot = drawn(seed)
            assert plan(_shuffled(snapshot, random.Random(seed))) == plan(snapshot)


@pytest.mark.parametrize("number", range(STATES // BLOCK))
def test_a_second_plan_changes_nothing_more(number: int) -> None:
    """Not before the next round, while nothing lies ahead."""
    for seed in block(number):
        with of_seed(seed):
            snapshot = without_windows(seed, spacing_seconds=360)
            if not snapshot.settings.order.passes:
                continue  # who is held up by one for whom room is made starts when it is
            again = plan(apply_all(snapshot, plan(snapshot).changes)).changes
            assert [one for one in again if not isinstance(one, HoldRound)] == []


def _shuffled(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    def shuffle(rows: dict[str, Any]) -> dict[str, Any]:
        items = list(rows.items())
        chance.shuffle(items)
        return dict(items)

    return replace(
        snapshot,
        jobs=shuffle(dict(snapshot.jobs)),
        attempts=shuffle(dict(snapshot.attempts)),
        obstacles=shuffle(dict(snapshot.obstacles)),
        nodes=shuffle(dict(snapshot.nodes)),
        quota=QuotaTree(shuffle(dict(snapshot.quota.nodes))),
    )


@settings(max_examples=100, deadline=None)
@given(clusters())
def test_every_job_that_stays_has_a_reason_with_its_numbers(snapshot: Snapshot) -> None:
    planner = Planner()
    result = planner.plan(snapshot)
    started = {start.attempt.job_id for start in result.starts}
    for job in snapshot.jobs.values():
        if isinstance(job.phase, Queued) and job.id not in started:
            waits = waits_of(job, planner, snapshot)
            assert waits
            assert all(one.sentence and "{" not in one.sentence for one in waits)
            assert waits[0].reason != "not-yet-planned"
