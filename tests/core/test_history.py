"""What finished jobs teach about those that come."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.history import History
from bostan_scheduler.core.job import Job, JobSpec, Queued, RankNeeds
from hypothesis import given
from hypothesis import strategies as st


def spec(firm: str = "negar", name: str = "train", gpus: int = 1) -> JobSpec:
    return JobSpec(name=name, firm=firm, project=None, command=("train",), rank=RankNeeds(gpus))


def ran(seconds: float, of: JobSpec | None = None) -> Job:
    """A job that succeeded after so long."""
    done = Job("j-1", of or spec(), submitted_at=0, submitted_by="ada", phase=Queued(0))
    return replace(done, done_milliseconds=round(seconds * 1000))


@pytest.mark.parametrize(
    ("seconds", "learnt"),
    [
        ([], None),
        ([100], 100),
        ([100, 300], 200),
        ([100, 100_000, 90], 100),  # one that hung teaches little
        ([0.2, 0.3], 1),  # shorter than what is counted in
    ],
)
def test_the_median_is_learnt(seconds: list[float], learnt: int | None) -> None:
    assert History().after_all(map(ran, seconds)).learnt_seconds(spec()) == learnt


@pytest.mark.parametrize("other", [spec(firm="tabib"), spec(name="eval"), spec(gpus=2)])
def test_only_jobs_of_the_same_firm_name_and_size_teach(other: JobSpec) -> None:
    assert History().after(ran(100)).learnt_seconds(other) is None


def test_a_job_of_which_no_run_is_known_teaches_nothing() -> None:
    assert History().after(ran(0)) == History()


def test_of_one_kind_the_newest_runs_are_kept() -> None:
    history = History(runs_max=3).after_all(map(ran, [1000, 1000, 1000, 10, 20, 30]))
    assert history.learnt_seconds(spec()) == 20
    assert list(history.runs.values()) == [(10_000, 20_000, 30_000)]


def test_the_kind_that_has_not_finished_for_longest_is_forgotten() -> None:
    a, b, c = (spec(name=name) for name in "abc")
    history = History(kinds_max=2).after_all([ran(1, a), ran(2, b), ran(3, a), ran(4, c)])
    assert [history.learnt_seconds(one) for one in (a, b, c)] == [2, None, 4]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9)), max_size=40))
def test_learning_one_by_one_and_all_at_once_is_the_same(finished: list[tuple[str, int]]) -> None:
    jobs = [ran(seconds, spec(name=name)) for name, seconds in finished]
    one_by_one = History(runs_max=3, kinds_max=2)
    for job in jobs:
        one_by_one = one_by_one.after(job)
    assert one_by_one == History(runs_max=3, kinds_max=2).after_all(jobs)
    assert len(one_by_one.runs) <= 2
    assert all(len(runs) <= 3 for runs in one_by_one.runs.values())
