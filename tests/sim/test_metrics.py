"""What runs come to, against numbers reckoned by hand."""

import pytest
from bostan_scheduler.sim import Model, metrics, simulate
from bostan_scheduler.sim.asked import Asked, gang
from bostan_scheduler.sim.faults import NodeMaintained
from bostan_scheduler.sim.metrics import Spread
from bostan_scheduler.sim.report.document import document
from bostan_scheduler.sim.report.utilisation import utilisation
from simulated import at, records_of, small_world


def test_completion_waiting_and_utilisation_of_two_jobs_in_turn():
    came_to = metrics(records_of(small_world(1, 4, [(0, 100, 4), (50, 100, 2)])))
    assert (came_to.jobs, came_to.done, came_to.unfinished, came_to.makespan) == (2, 2, 0, 200)
    assert (came_to.jct.mean, came_to.jct.most) == (125, 150)
    assert (came_to.wait.mean, came_to.queued.mean) == (25, 25)
    assert came_to.gpu_seconds == 600
    assert came_to.utilisation == came_to.goodput == 600 / 800


def test_a_restart_is_held_and_of_no_use_but_not_lost():
    away = NodeMaintained("park/a100-0-0000", at(400), at(10_000))
    came_to = metrics(records_of(small_world(2, 8, [(0, 1000, 8)], faults=[away])))
    assert (came_to.restart_gpu_seconds, came_to.lost_gpu_seconds) == (300 * 8, 0)
    assert came_to.goodput == pytest.approx(1000 / 1300 / 2)


def test_firms_are_told_apart():
    jobs = [Asked(0, 100, 4, firm="a"), Asked(0, 100, 4, firm="b")]
    firms = metrics(records_of(small_world(1, 4, jobs))).firms
    assert [(one.firm, one.jobs, one.jct, one.slowdown, one.share) for one in firms] == [
        ("a", 1, 100, 1, 0.5),
        ("b", 1, 200, 2, 0.5),
    ]


def test_the_p99_is_the_one_that_published_figures_take():
    assert Spread.of(list(range(200))).p99 == 198
    assert Spread.of([]) == Spread(0, 0, 0, 0)


def test_utilisation_adds_up_to_what_was_held():
    records = records_of(small_world(2, 4, [(0, 1000, 4), (333, 100, 2), (400, 77, 8)]))
    used = utilisation(records, intervals=7)
    [held] = used.held.values()
    assert len(held) == 7
    assert sum(held) * used.interval_milliseconds / 1000 == pytest.approx(metrics(records).gpu_seconds)
    assert max(held) <= 8


def test_a_run_that_is_ended_early_counts_what_still_runs_as_held_so_far():
    from dataclasses import replace

    records = simulate(replace(small_world(1, 4, [(0, 1000, 4), (100, 10, 4)]), until=at(500)), check=True)
    came_to = metrics(records)
    assert (came_to.done, came_to.unfinished) == (0, 2)
    assert (came_to.gpu_seconds, came_to.lost_gpu_seconds) == (500 * 4, 0)
    assert document(records)["jobs"][0]["end"] is None


def test_an_idealised_model_needs_no_restart():
    assert metrics(records_of(small_world(1, 4, [(0, 9, 4)], model=Model(restart_seconds=0)))).goodput == 1


@pytest.mark.parametrize(
    ("gpus", "node", "ranks"),
    [(1, 8, (1, 1)), (8, 8, (1, 8)), (16, 8, (2, 8)), (12, 8, (2, 6)), (13, 8, (13, 1)), (0, 8, (1, 0))],
)
def test_a_gang_has_as_few_equal_ranks_as_fit_the_nodes(gpus, node, ranks):
    assert gang(gpus, node) == ranks
