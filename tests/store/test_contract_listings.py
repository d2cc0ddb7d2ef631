"""What every store promises of its listings: order, pages, filters, and names in any script."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.job import Active, Blob, Checkpoint, Output
from bostan_scheduler.service.ports import Commit, JobFilter
from store_story import NOW, active, attempt, ended, finished, job, node, output, story_jobs, tell


@pytest.fixture
def busy(store):
    """A store with jobs of two firms in every phase; two came at the same instant."""
    epoch = store.lead("a", NOW)
    jobs = (
        job("a", at=NOW + 1),
        job("b", at=NOW + 2, project="vision"),
        job("c", at=NOW + 3, firm="tabib", name="آموزش زبان"),
        job("d", at=NOW + 3, project="vision", name="آموزش زبان"),
        job("e", at=NOW + 4, firm="tabib"),
    )
    store.commit(Commit(epoch, NOW, jobs))
    store.commit(Commit(epoch, NOW, (active(jobs[1]), finished(jobs[2]), finished(jobs[3]))))
    return store


def ids(found):
    return [one.id for one in found]


def test_jobs_come_newest_first_and_by_id_within_an_instant(busy):
    assert ids(busy.jobs(JobFilter(), None, 10)) == ["e", "d", "c", "b", "a"]


@pytest.mark.parametrize("page", [1, 2, 3, 5])
def test_pages_leave_nothing_out_and_show_nothing_twice(busy, page):
    seen, before = [], None
    while found := busy.jobs(JobFilter(), before, page):
        assert len(found) <= page
        seen += ids(found)
        before = (found[-1].submitted_at, found[-1].id)
    assert seen == ["e", "d", "c", "b", "a"]


def test_a_page_stays_where_it_was_when_newer_jobs_arrive(busy):
    first = busy.jobs(JobFilter(), None, 2)
    busy.commit(Commit(1, NOW, (job("f", at=NOW + 9),)))
    assert ids(busy.jobs(JobFilter(), (first[-1].submitted_at, first[-1].id), 2)) == ["c", "b"]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (JobFilter(firms=("negar",)), ["d", "b", "a"]),
        (JobFilter(firms=("negar", "tabib")), ["e", "d", "c", "b", "a"]),
        (JobFilter(firms=()), []),
        (JobFilter(project="vision"), ["d", "b"]),
        (JobFilter(phase="queued"), ["e", "a"]),
        (JobFilter(phase="active"), ["b"]),
        (JobFilter(phase="finished"), ["d", "c"]),
        (JobFilter(name="آموزش زبان"), ["d", "c"]),
        (JobFilter(name="آموزش"), []),
        (JobFilter(("tabib",), None, "finished", "آموزش زبان"), ["c"]),
        (JobFilter(("negar",), "vision", "finished", "train"), []),
    ],
)
def test_a_filter_lets_through_what_meets_all_of_it(busy, which, expected):
    assert ids(busy.jobs(which, None, 10)) == expected


def test_a_job_is_read_back_whole(store):
    tell(store)
    assert [store.job(one.id) for one in story_jobs()] == list(story_jobs())
    assert store.job("nobody") is None


def test_attempts_come_oldest_first_even_past_the_ninth(store):
    epoch = store.lead("a", NOW)
    tries = tuple(attempt(number=number, counter=number) for number in range(12, 0, -1))
    store.commit(Commit(epoch, NOW, (job(),), tries))
    assert [one.number for one in store.attempts("j1")] == list(range(1, 13))
    assert store.attempts("nobody") == ()


def test_the_newest_attempt_of_each_job_that_has_one(store):
    epoch = store.lead("a", NOW)
    tries = (attempt(number=9), attempt(number=10, counter=2), attempt("j2", counter=3))
    store.commit(Commit(epoch, NOW, (job(), job("j2"), job("j3")), tries))
    found = store.newest_attempts(["j1", "j2", "j3", "nobody"])
    assert {job_id: one.number for job_id, one in found.items()} == {"j1": 10, "j2": 1}
    assert store.newest_attempts([]) == {}


def test_more_jobs_may_be_asked_for_than_one_statement_takes(store):
    epoch = store.lead("a", NOW)
    jobs = tuple(job(f"j{number}") for number in range(1_200))
    tries = tuple(attempt(one.id, counter=number) for number, one in enumerate(jobs))
    store.commit(Commit(epoch, NOW, jobs, tries))
    assert len(store.newest_attempts(ids(jobs))) == 1_200
    assert store.job_gpu_milliseconds(ids(jobs)) == {}


def test_attempts_that_hold_something(store):
    epoch = store.lead("a", NOW)
    tries = (attempt(), attempt("j2", counter=2))
    store.commit(Commit(epoch, NOW, (job(), job("j2")), tries))
    store.commit(Commit(epoch, NOW, attempts=(ended(tries[0]),)))
    assert ids(store.active_attempts()) == ["j2.1"]
    assert store.attempt("j1.1") == ended(tries[0])
    assert store.attempt("nobody.1") is None


def test_the_newest_output_of_each_rank(store):
    epoch = store.lead("a", NOW)
    first = (output(rank=1), output(rank=0, number=2), output(rank=2, number=1))
    store.commit(Commit(epoch, NOW, (job(), job("j2")), outputs=first))
    later = (output(rank=0, number=1, sha256="late"), output(rank=1, number=2, sha256="newer"))
    store.commit(Commit(epoch, NOW, outputs=(*later, output("j2", sha256="other"))))
    again = output(rank=2, number=1, sha256="again")
    store.commit(Commit(epoch, NOW, outputs=(again,)))
    expected = [(0, 2, first[1].output.blob), (1, 2, Blob("newer", 1_000)), (2, 1, again.output.blob)]
    assert list(store.outputs("j1")) == [Output(*each) for each in expected]
    assert store.outputs("nobody") == ()


def test_nodes_of_all_parks_or_of_one(store):
    epoch = store.lead("a", NOW)
    far = replace(node("n1", "جنوب"), problems=("دیسک پر است",))
    store.commit(Commit(epoch, NOW, nodes=(node("n2"), far, node("n1"))))
    assert ids(store.nodes()) == ["north/n1", "north/n2", "جنوب/n1"]
    assert store.nodes("جنوب") == (far,)
    assert store.nodes("nowhere") == ()
    assert store.node("جنوب/n1") == far
    assert store.node("nobody") is None


def test_counts_of_each_phase_also_of_those_with_no_job(store):
    assert store.counts() == {"jobs_queued": 0, "jobs_active": 0, "jobs_finished": 0, "events": 0}


def test_counts_follow_the_phases(busy):
    assert busy.counts() == {"jobs_queued": 2, "jobs_active": 1, "jobs_finished": 2, "events": 0}


def test_what_unfinished_jobs_refer_to_is_needed(store):
    """Work directories, what each rank resumes from, and outputs so far; nothing of a job that has finished."""
    epoch = store.lead("a", NOW)
    saved = tuple(Checkpoint(rank, 1, 1, 10, Blob(f"saved by {rank}", 5)) for rank in (0, 1))
    jobs = (
        job("waiting", work_dir=Blob("shared", 9)),
        job("twin", work_dir=Blob("shared", 9)),
        job("bare"),
        replace(job("running", work_dir=Blob("own", 9), phase=Active("running.1")), checkpoints=saved),
        replace(job("done", work_dir=Blob("of a job that is done", 9)), checkpoints=saved[:1]),
    )
    store.commit(
        Commit(epoch, NOW, jobs, outputs=(output("running", sha256="left"), output("done", sha256="result")))
    )
    assert store.needed_archives() >= {"of a job that is done", "result"}
    store.commit(Commit(epoch, NOW, (finished(jobs[4]),)))
    assert store.needed_archives() == {"shared", "own", "saved by 0", "saved by 1", "left"}


def test_nothing_is_needed_of_an_empty_store(store):
    assert store.needed_archives() == frozenset()
