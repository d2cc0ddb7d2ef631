"""What a new leader learns from what is on record."""

import sqlite3
from dataclasses import replace
from math import log
from random import Random

import pytest
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.job import Finished, RankNeeds
from bostan_scheduler.core.outcome import Cancelled
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.ports import Commit
from bostan_scheduler.store import StoreSettings, open_store
from store_story import HOUR, NOW, attempt, finished, job, use

WEEK = 7 * 24 * HOUR
ACCOUNT = (None, "a100-80g")


def ran(job_id, seconds, at, **spec):
    """A job that succeeded at an instant, after so long."""
    done = replace(finished(job(job_id, at=at, **spec), at), done_milliseconds=seconds * 1000)
    return replace(done, version=1)


def history(store, **settings):
    return store.load(1, Settings(**settings), NOW).history


def keep(store, *jobs, usage=()):
    store.lead("a", NOW)
    store.commit(Commit(1, NOW, jobs=jobs))
    attempts = (attempt("j1", counter=1),) if usage else ()
    store.commit(Commit(1, NOW, attempts=attempts, usage=tuple(usage)))


def test_jobs_that_succeeded_teach_in_the_order_in_which_they_finished(store):
    long = replace(ran("j1", 500, NOW), phase=Finished(finished(job()).phase.outcome, NOW + 9))
    keep(store, long, ran("j2", 100, NOW + 1), ran("j3", 900, NOW + 2, rank=RankNeeds(4)))
    assert history(store).runs == {
        ("negar", "train", 1): (100_000, 500_000),
        ("negar", "train", 4): (900_000,),
    }
    assert history(store, learnt_runs_max=1).learnt_seconds(job().spec) == 500


def test_the_others_do_not(store):
    stopped = replace(ran("j1", 500, NOW), phase=Finished(Cancelled("ada", ""), NOW))
    keep(store, stopped, job("j2"), ran("j3", 0, NOW))
    assert history(store).runs == {}


def test_only_the_newest_are_looked_at(store):
    keep(store, *(ran(f"j{number}", number, NOW + number) for number in range(1, 9)))
    assert history(store, learnt_jobs_max=3).runs == {("negar", "train", 1): (6000, 7000, 8000)}


def test_usage_fades_from_when_it_was_spent(store):
    week_ago = use("j1.1", from_at=NOW - WEEK, until_at=NOW - WEEK + 1, gpus=1000)
    now = use("j1.1", firm="tabib", project="vision", from_at=NOW - 1, until_at=NOW, gpus=1000)
    keep(store, job("j1"), usage=(week_ago, now))
    worth = store.load(1, Settings(), NOW).decayed.value_at(NOW)
    assert worth["negar"] == {(None, "a100-80g"): pytest.approx(0.5)}
    assert worth["tabib"] == {("vision", "a100-80g"): pytest.approx(1.0)}


@pytest.mark.parametrize("half_life_seconds", [3600, 86_400, 7 * 86_400])
def test_what_is_added_up_is_worth_what_its_segments_are(store, half_life_seconds):
    chance, half_life = Random(half_life_seconds), half_life_seconds * 1000
    spent = [segment(chance, 9 * half_life, half_life // 20) for _ in range(300)]
    keep(store, job("j1"), usage=spent)
    one_by_one = Decayed(half_life_seconds)
    for one in spent:
        one_by_one = one_by_one.add(one.firm, ACCOUNT, one.from_at, one.until_at, one.gpu_milliseconds)
    loaded = store.load(1, Settings(usage_half_life_seconds=half_life_seconds), NOW).decayed
    assert loaded.of_firm("negar", NOW)[ACCOUNT] == pytest.approx(
        one_by_one.of_firm("negar", NOW)[ACCOUNT], rel=1e-6
    )


def segment(chance, age_max, length_max):
    """Some GPUs for some time, some time ago."""
    until_at = NOW - chance.randrange(age_max)
    return use(
        "j1.1",
        from_at=until_at - chance.randrange(1, length_max),
        until_at=until_at,
        gpus=chance.randrange(1, 9),
    )


def test_usage_of_more_than_ten_half_lives_ago_is_not_looked_at(store):
    old = use("j1.1", from_at=NOW - 10 * WEEK - 2, until_at=NOW - 10 * WEEK - 1, gpus=1000)
    keep(store, job("j1"), usage=(old,))
    assert store.load(1, Settings(), NOW).decayed.worth == {}


def loaded(store, **settings):
    return store.load(1, Settings(**settings), NOW).decayed


@pytest.fixture
def forgetful(url):
    """A store on SQLite that has a new leader add up at most two segments."""
    store = open_store(url, StoreSettings(usage_segments_max=2))
    yield store
    store.close()


def spend(store, decayed, number):
    """A commit with one more hour of usage; what all is worth then."""
    one = use("j1.1", from_at=NOW + number * HOUR, until_at=NOW + (number + 1) * HOUR)
    decayed = decayed.add("negar", ACCOUNT, one.from_at, one.until_at, one.gpu_milliseconds)
    store.commit(Commit(1, NOW, usage=(one,), decayed=decayed))
    return decayed


def test_a_new_leader_adds_up_only_what_came_after_what_was_kept(forgetful, path):
    keep(forgetful, job("j1"), usage=(use("j1.1"),))
    decayed = loaded(forgetful)
    for number in range(1, 8):
        decayed = spend(forgetful, decayed, number)
        connection = sqlite3.connect(path)
        (kept,) = connection.execute("SELECT usage_id FROM decayed_usage").fetchone()
        (newest,) = connection.execute("SELECT max(id) FROM usage").fetchone()
        connection.close()
        assert newest - kept <= 2
        assert loaded(forgetful).of_firm("negar", NOW)[ACCOUNT] == pytest.approx(
            decayed.of_firm("negar", NOW)[ACCOUNT]
        )


def test_right_after_it_was_kept_it_is_the_very_same(forgetful):
    keep(forgetful, job("j1"), usage=(use("j1.1", project="vision"),))
    decayed = spend(forgetful, loaded(forgetful), 1)
    assert loaded(forgetful) == decayed


def test_with_another_half_life_all_is_added_up_anew(forgetful):
    keep(forgetful, job("j1"))
    forgetful.commit(Commit(1, NOW, attempts=(attempt("j1", counter=1),)))
    spend(forgetful, loaded(forgetful), 0)
    anew = loaded(forgetful, usage_half_life_seconds=3600).of_firm("negar", NOW + HOUR)[ACCOUNT]
    assert anew == pytest.approx(3600 / (2 * log(2)))
