"""How long a job is thought to run, before it has and while it does."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.estimate import attained_seconds, estimate_seconds, in_all_seconds
from bostan_scheduler.core.job import Job, JobSpec, Queued
from hypothesis import given
from hypothesis import strategies as st

HOUR = 3600
TRAIN = JobSpec(name="train", firm="negar", project=None, command=("train",))
NEW = Job("j-1", TRAIN, submitted_at=0, submitted_by="ada", phase=Queued(0))


def job(*, user: int | None = None, learnt: int | None = None, done: float = 0) -> Job:
    """A job with what its user says, what was learnt of others like it, and seconds that it has behind it."""
    spec = replace(TRAIN, estimate_seconds=user)
    return replace(NEW, spec=spec, learnt_seconds=learnt, done_milliseconds=round(done * 1000))


def left(job: Job, under_way_milliseconds: int = 0) -> float:
    """What is left of it."""
    attained = attained_seconds(job, under_way_milliseconds)
    return in_all_seconds(job, HOUR, attained) - attained


@pytest.mark.parametrize(
    ("one", "seconds"),
    [
        (job(user=600, learnt=900), 600),  # the user knows best
        (job(learnt=900), 900),  # then experience
        (job(), HOUR),  # then a guess
    ],
)
def test_the_user_is_believed_before_experience_and_that_before_a_guess(one: Job, seconds: int) -> None:
    assert estimate_seconds(one, HOUR) == seconds
    assert left(one) == seconds


@pytest.mark.parametrize(
    ("attained", "remaining"),
    [(0, 600), (599, 1), (600, 600), (601, 599), (1199, 1), (1200, 1200), (4800, 4800), (5000, 4600)],
)
def test_an_estimate_that_is_attained_is_doubled(attained: int, remaining: int) -> None:
    assert left(job(user=600, done=attained)) == remaining
    assert left(job(user=600), attained * 1000) == remaining


def test_what_is_safe_and_what_is_under_way_count_alike() -> None:
    assert left(job(user=600, done=400), 300_000) == 500


def test_jobs_that_took_no_time_leave_an_estimate_that_can_be_doubled() -> None:
    assert left(job(learnt=0, done=5)) == 3


@given(st.integers(0, 10**8), st.integers(0, 10**10), st.integers(0, 10**10))
def test_something_is_always_left_and_never_more_than_has_been_done_or_was_thought(
    learnt: int, done: int, under_way: int
) -> None:
    rest = left(job(learnt=learnt, done=done / 1000), under_way)
    attained = (done + under_way) / 1000
    assert 0 < rest <= max(1, learnt, attained)
