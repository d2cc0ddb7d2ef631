"""What every store promises of a commit: one leader, no stale row, all or nothing, and what a new leader finds."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.node import JournalPosition
from bostan_scheduler.core.obstacle import AdvanceReservation, Maintenance, StandingReserve, Weekly
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts, Park, Settings
from bostan_scheduler.service.ports import Commit, JobFilter, LeadershipLost, StaleRow, StoreError
from store_story import (
    HOUR,
    NOW,
    active,
    attempt,
    ended,
    event,
    finished,
    job,
    node,
    output,
    quotas,
    receipt,
    tell,
    use,
)


def all_jobs(store):
    return store.jobs(JobFilter(), None, 100)


def test_each_leader_gets_a_higher_epoch(store):
    assert store.epoch() == 0
    assert [store.lead("a", NOW), store.lead("b", NOW), store.lead("a", NOW)] == [1, 2, 3]
    assert store.epoch() == 3


def test_nobody_may_commit_before_leading(store):
    with pytest.raises(LeadershipLost):
        store.commit(Commit(1, NOW, jobs=(job(),)))
    with pytest.raises(LeadershipLost):
        store.load(1, Settings(), NOW)


def test_an_old_leader_keeps_nothing_and_is_told_who_leads(store):
    old = store.lead("old", NOW)
    store.commit(Commit(old, NOW, jobs=(job(),)))
    new = store.lead("new", NOW)
    with pytest.raises(LeadershipLost, match="new does, in epoch 2"):
        store.commit(Commit(old, NOW, jobs=(job("j2"),), events=(event(),)))
    with pytest.raises(LeadershipLost):
        store.load(old, Settings(), NOW)
    assert store.commit(Commit(new, NOW)) == 0
    assert [found.id for found in all_jobs(store)] == ["j1"]


def test_a_row_moves_one_version_at_a_time(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, jobs=(job(),), nodes=(node(),), attempts=(attempt(),)))
    moved = Commit(epoch, NOW, (active(job()),), (ended(attempt()),), (node(version=2, address="10.0.0.1"),))
    store.commit(moved)
    assert store.job("j1") == active(job())
    assert store.attempt("j1.1") == ended(attempt())
    assert store.node("north/n1").address == "10.0.0.1"


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param({"jobs": (job(),)}, id="a job that is there already"),
        pytest.param({"jobs": (job(version=3),)}, id="a job that is a version ahead"),
        pytest.param({"jobs": (job(version=0),)}, id="a job without a version"),
        pytest.param({"jobs": (job("j9", version=2),)}, id="a job that is not there"),
        pytest.param({"attempts": (attempt(),)}, id="an attempt that is there already"),
        pytest.param({"attempts": (attempt(version=7),)}, id="an attempt that is versions ahead"),
        pytest.param({"attempts": (replace(attempt(), id="j1.x"),)}, id="a second attempt of one number"),
        pytest.param({"nodes": (node(version=3),)}, id="a node that is a version ahead"),
        pytest.param({"jobs": (job("twin"), job("twin"))}, id="a job twice"),
        pytest.param({"receipts": (receipt(),)}, id="an answer that was given already"),
        pytest.param({"receipts": (receipt("new"), receipt("new"))}, id="an answer twice"),
    ],
)
def test_nothing_is_kept_of_a_commit_with_a_stale_row(store, stale):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, (job(),), (attempt(),), (node(),), receipts=(receipt(),)))
    before = store.load(epoch, Settings(), NOW)
    good = {"jobs": (job("j2"),), "nodes": (node("n2"),), "quotas": quotas(), "parks": (Park("east"),)}
    both = {name: (*good.get(name, ()), *rows) for name, rows in stale.items()}
    with pytest.raises(StaleRow):
        store.commit(Commit(epoch, NOW, **{**good, **both}, events=(event(),), usage=(use(),)))
    assert store.load(epoch, Settings(), NOW) == before
    assert store.events(0, 10) == ()
    assert store.job_gpu_milliseconds(["j1"]) == {}


@pytest.mark.parametrize(
    "dangling",
    [
        pytest.param({"attempts": (attempt("nobody"),)}, id="an attempt at no job"),
        pytest.param({"usage": (use("nobody.1"),)}, id="use by no attempt"),
        pytest.param({"outputs": (output("nobody"),)}, id="an output of no job"),
    ],
)
def test_nothing_is_kept_of_a_commit_that_fails_on_the_way(store, dangling):
    epoch = store.lead("a", NOW)
    with pytest.raises(StoreError) as caught:
        store.commit(Commit(epoch, NOW, jobs=(job(),), parks=(Park("north"),), events=(event(),), **dangling))
    assert not isinstance(caught.value, StaleRow)
    assert (all_jobs(store), store.parks(), store.events(0, 10)) == ((), (), ())
    assert store.commit(Commit(epoch, NOW, jobs=(job(),), events=(event(),))) == 1


def test_an_attempt_and_its_use_may_come_with_their_job(store):
    epoch = store.lead("a", NOW)
    together = Commit(epoch, NOW, (job(),), (attempt(),), usage=(use(),), outputs=(output(),))
    store.commit(together)
    assert store.job_gpu_milliseconds(["j1"]) == {"j1": use().gpu_milliseconds}


def test_a_commit_answers_with_the_newest_event(store):
    epoch = store.lead("a", NOW)
    assert store.commit(Commit(epoch, NOW, events=(event(), event()))) == 2
    assert store.commit(Commit(epoch, NOW)) == 2
    assert store.commit(Commit(epoch, NOW, events=(event(),))) == 3


def test_a_new_leader_finds_what_is_unfinished_and_what_holds_gpus(store):
    epoch = store.lead("a", NOW)
    over = (ended(attempt("done", 1, counter=1)), attempt("done", 2, counter=2))
    earlier = (ended(attempt("tried", 1, counter=3)), attempt("tried", 2, counter=4))
    gone = (ended(attempt("gone", 1, counter=9)),)
    jobs = tuple(finished(job(name)) for name in ("done", "gone"))
    first = (*(job(name) for name in ("done", "gone")), job("waits"), job("tried"))
    new = tuple(replace(one, version=1) for one in (*over, *earlier, *gone))
    store.commit(Commit(epoch, NOW, first, new, (node(), node("n2", "south"))))
    store.commit(Commit(epoch, NOW, jobs, journals=(JournalPosition("north/n1", "a", 3),), quotas=quotas()))
    found = store.load(epoch, Settings(silence_seconds=9), NOW + 5)
    assert found.jobs.keys() == {"waits", "tried"}
    assert found.attempts.keys() == {"done.2", "tried.1", "tried.2"}
    assert found.heard == {"north/n1": NOW + 5, "south/n2": NOW + 5}
    assert found.journals == {"north/n1": JournalPosition("north/n1", "a", 3)}
    assert (found.now, found.settings.silence_seconds, found.epoch) == (NOW + 5, 9, epoch)
    assert (found.quota, found.firms, found.parks) == (quotas().tree, quotas().firms, quotas().parks)
    assert found.class_of_device == quotas().class_of_device


def test_fencing_goes_on_within_an_epoch_and_begins_anew_in_the_next(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, (job(), job("j2")), (attempt(counter=5), attempt("j2", counter=4))))
    assert store.load(epoch, Settings(), NOW).fencing_counter == 5
    assert store.load(store.lead("b", NOW), Settings(), NOW).fencing_counter == 0


def test_a_whole_story_is_read_back_as_it_was_told(store):
    tell(store)
    found = store.load(store.lead("next", NOW), Settings(), NOW)
    assert found.jobs.keys() == {"silent", "stopping", "waiting"}
    assert found.attempts.keys() == {"silent.1", "stopping.1"}
    assert found.attempts["stopping.1"].intent.outcome.reason == "دیگر لازم نیست"


def declared(*names, classes=None, reserves=()):
    """Quota files that declare these windows, classes and reserves."""
    windows = {name: away(name) for name in names}
    kept = {one.id: one for one in reserves}
    return replace(quotas(), obstacles=windows, classes=classes or {}, reserves=kept)


def away(name, by=""):
    return Maintenance(name, "north", ("north/n1",), NOW, NOW + HOUR, ("a100-80g",), "دلیل", NOW, by)


def booked(name):
    return AdvanceReservation(name, "north", "negar", "a100-80g/1g.10gb", 4, NOW, NOW + HOUR, NOW, "ada")


WEEKLY = StandingReserve(
    "north@1", "north", "a100-80g", 2, True, 900, Weekly(("fri",), 450, 840, "Asia/Tehran")
)
ALWAYS = StandingReserve("north@2", "north", "a100-80g", 1, False, 60)


def test_windows_reserves_and_classes_are_kept_for_the_next_leader_and_for_fronts(store):
    epoch = store.lead("a", NOW)
    facts = {"a100-80g": ClassFacts(900, 800)}
    files = declared("file", classes=facts, reserves=(WEEKLY, ALWAYS))
    store.commit(Commit(epoch, NOW, quotas=files, windows=(away("mine", "ada"), booked("contest"))))
    found = store.load(epoch, Settings(), NOW)
    windows = {"file": away("file"), "mine": away("mine", "ada"), "contest": booked("contest")}
    assert (found.obstacles, found.classes) == (windows, facts)
    assert (found.reserves, found.foreseen_at) == ({"north@1": WEEKLY, "north@2": ALWAYS}, None)
    assert (store.windows(), store.classes(), store.reserves()) == (windows, facts, found.reserves)


def test_quota_files_leave_announced_windows_alone(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, quotas=declared("file1"), windows=(away("mine", "ada"),)))
    store.commit(Commit(epoch, NOW, quotas=declared("file2", reserves=(ALWAYS,))))
    assert store.windows().keys() == {"file2", "mine"}
    store.commit(Commit(epoch, NOW, quotas=quotas()))
    assert (store.windows().keys(), store.reserves(), store.classes()) == ({"mine"}, {}, {})


def test_an_announced_window_goes_and_its_id_is_free_again(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, windows=(away("w1", "ada"), away("w2", "ada"))))
    store.commit(Commit(epoch, NOW, windows_gone=("w1", "never-there")))
    assert store.windows() == {"w2": away("w2", "ada")}
    store.commit(
        Commit(epoch, NOW, windows_gone=("w2",), quotas=declared("w2"), windows=(away("w1", "eve"),))
    )
    assert store.windows() == {"w2": away("w2"), "w1": away("w1", "eve")}


def test_quotas_replace_all_that_stood_there_but_parks_stay(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, quotas=quotas(("negar", "tabib")), parks=(Park("south", "South"),)))
    store.commit(Commit(epoch, NOW, quotas=quotas(("arya",), ("east",), "p07/arya", guaranteed=2)))
    assert [firm.id for firm in store.firms()] == ["arya"]
    assert [park.id for park in store.parks()] == ["east", "north", "south"]
    assert store.quota_tree() == quotas(leaf="p07/arya", guaranteed=2).tree
    emptied = replace(quotas(()), tree=QuotaTree(), class_of_device={}, parks={})
    store.commit(Commit(epoch, NOW, quotas=emptied))
    assert (store.quota_tree(), store.firms(), store.class_of_device()) == (QuotaTree(), (), {})


def test_a_park_takes_its_new_name(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, parks=(Park("north", "old"),)))
    store.commit(Commit(epoch, NOW, parks=(Park("north", "پارک شمال"),)))
    assert store.parks() == (Park("north", "پارک شمال"),)


def test_a_wiped_journal_begins_anew(store):
    epoch = store.lead("a", NOW)
    for position in (JournalPosition("north/n1", "a", 90), JournalPosition("north/n1", "b", 2)):
        store.commit(Commit(epoch, NOW, journals=(position,)))
    assert store.load(epoch, Settings(), NOW).journals == {"north/n1": position}
