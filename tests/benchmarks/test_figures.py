"""The figures of the policy benches, against numbers reckoned by hand."""

from dataclasses import replace

import pytest
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.records import JobRecord, Records

from benchmarks.policy.figures import (
    Beside,
    completion,
    completion_hours,
    fairness,
    makespan,
    queues,
    results,
    worst_ratio,
)
from benchmarks.policy.runs import limited


def job(submit: int, end: int, run: int, firm: str = "negar", name: str = "j0") -> JobRecord:
    """A job of one GPU that was done; all in seconds."""
    return JobRecord(name, firm, 1, submit * 1000, run * 1000, submit * 1000, end * 1000, "succeeded", 1)


def test_completion_counts_from_the_submission():
    jobs = [job(0, 100, 50), job(100, 500, 50)]
    assert completion(jobs) == {"avg_jct_seconds": 250, "p99_jct_seconds": 400}
    assert completion_hours([job(0, 3600, 1), job(3600, 3 * 3600, 1)]) == {"avg_jct_hours": 1.5}


def test_the_p99_of_200_jobs_is_the_199th():
    assert completion([job(0, seconds, 1) for seconds in range(1, 201)])["p99_jct_seconds"] == 199


def test_the_makespan_counts_from_the_beginning_of_time():
    jobs = (job(50, 400, 10), job(60, 300, 10))
    assert makespan(Records(10_000, 400_000, {}, {}, jobs, (), 1, 1)) == {"makespan_seconds": 390}


def test_rho_is_against_an_equal_share_of_the_pool():
    # Four jobs on two GPUs: in an equal share each takes twice its isolated time.
    jobs = [job(0, end, 100, name=f"j{end}") for end in (100, 200, 210, 211)]
    isolated = {one.id: 100.0 for one in jobs}
    assert fairness(jobs, isolated, 2) == {"worst_rho": 2.11 / 2, "unfair_percent": 25}


def test_with_fewer_jobs_than_gpus_an_equal_share_is_the_job_alone():
    [alone] = jobs = [job(0, 100, 100)]
    assert fairness(jobs, {alone.id: 100.0}, 32) == {"worst_rho": 1, "unfair_percent": 0}


def test_a_queue_is_all_that_a_job_takes_beyond_its_run():
    jobs = [job(0, 100, 40), job(0, 100, 80), job(10, 20, 10, firm="parsa")]
    assert queues(jobs) == {"negar": 40, "parsa": 0}


def test_the_worst_ratio_is_of_the_firm_that_sharing_did_least_good():
    assert worst_ratio({"negar": 30, "parsa": 50}, {"negar": 20, "parsa": 100}) == 1.5


def test_a_queue_of_less_than_a_second_counts_as_a_second():
    assert worst_ratio({"negar": 0.9, "parsa": 0}, {"negar": 0.1, "parsa": 0}) == 0.9


def test_each_figure_is_beside_its_peer_and_target_if_there_is_one():
    beside = Beside("SRSF", {"avg_jct_seconds": 200.0}, {"avg_jct_seconds": 90.0})
    first, second = results("trace", {"avg_jct_seconds": 100.0, "worst_rho": 1.5}, beside)
    assert (first.peer, first.ratio, first.holds, first.unit) == ("SRSF", 2, False, "s")
    assert (second.peer, second.ratio, second.holds, second.unit) == (None, None, None, "ratio")


@pytest.mark.parametrize(
    ("run", "hours"),
    [(1, 1), (1800, 1), (1801, 2), (3600, 2), (3601, 4), (2 * 3600 + 1, 8), (100 * 3600, 256)],
)
def test_a_time_limit_is_twice_the_run_in_a_power_of_two_of_hours(run, hours):
    assert limited(Asked(0, run, 1)).time_limit_seconds == hours * 3600


def test_a_time_limit_lasts_on_the_slowest_class_too():
    slow = replace(Asked(0, 3600, 1), speeds=(("v100", 1.0), ("k80", 0.25)))
    assert limited(slow).time_limit_seconds == 8 * 3600
