"""Parts of a running pool are killed: an agent under a job, the leader and a front under 1,000 submissions."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from bostan.api import NewJob, NewRank, Parks

pytestmark = pytest.mark.ray

SUBMISSIONS = 1000
THREADS = 8
COUNTING = "n=0; while :; do n=$((n+1)); echo $$ $n; sleep 0.2; done"


def counting_job(**changes):
    """A job that prints its process id and a number, over and over."""
    job = {
        "name": "counting",
        "firm": "bench",
        "command": ("/bin/sh", "-c", COUNTING),
        "stop_grace_seconds": 1,
    }
    return NewJob(**{**job, **changes})


def pids_and_numbers(log):
    lines = [line.split() for line in log.splitlines() if len(line.split()) == 2]
    return {pid for pid, _ in lines}, [int(number) for _, number in lines]


@pytest.fixture
def counting(land):
    """A job that runs before and after; it must be one process, counting on, in one attempt."""
    with land.patient(land.member) as client:
        job = client.submit(counting_job())
        land.until_log(land.member, job.id, " 3")
        land.remember()
        yield job.id
        _, before = pids_and_numbers(land.log(land.member, job.id))
        land.until_log(land.member, job.id, f" {before[-1] + 5}")
        pids, numbers = pids_and_numbers(land.log(land.member, job.id))
        assert len(pids) == 1
        assert numbers == list(range(1, numbers[-1] + 1))
        ended = client.job(job.id)
        assert (ended.attempts, ended.state) == (1, "running")
        client.cancel(job.id)
        land.until_state(land.member, job.id, "cancelled")
        assert not psutil.pid_exists(int(pids.pop()))


def test_an_agent_that_is_killed_and_comes_back_finds_the_very_same_process(land, counting):
    name = land.node_of(land.member, counting).removeprefix("here/")
    land.kill_agent(name)
    land.until_state(land.member, counting, "unknown")
    land.rejoin(name)
    land.until_state(land.member, counting, "running")


def test_nothing_acknowledged_is_lost_or_doubled_when_leader_and_front_die(land, counting):
    acknowledged = Counter()
    with ThreadPoolExecutor(THREADS) as threads:
        work = [threads.submit(_submit_many, land, number, acknowledged) for number in range(THREADS)]
        _until_in(land, work, acknowledged, SUBMISSIONS // 5)
        leader = land.kill_actor("Leader")
        _until_in(land, work, acknowledged, SUBMISSIONS // 2)
        front = land.kill_actor("Front")
        for each in work:
            each.result(timeout=90)
    assert not leader.is_running()
    assert not front.is_running()
    assert acknowledged.total() == SUBMISSIONS
    assert set(acknowledged.values()) == {1}
    with land.patient(land.member) as client:
        kept = Counter(job.id for job in client.jobs(name="bulk"))
        assert kept == acknowledged
        marked = [job.id for job in client.jobs(name="marked")]
        for one in marked:
            client.wait(one, 60)
    ran = Counter((land.folder / "ran").read_text().split())
    assert ran == Counter(marked)
    assert len(marked) == THREADS


def _until_in(land, work, acknowledged, count):
    """Until so many are acknowledged; a submission that has failed fails the test at once."""

    def there():
        for each in work:
            if each.done():
                each.result()
        return acknowledged.total() > count

    land.until("submissions are in", there)


def _submit_many(land, number, acknowledged):
    """One thread's share, and one small job that leaves a trace of each time it runs."""
    trace = f"echo $BOSTAN_JOB_ID >> {land.folder}/ran"
    marked = NewJob(name="marked", firm="bench", command=("/bin/sh", "-c", trace), rank=NewRank(gpus=0))
    # Never to run: the park's only node is drained.
    bulk = NewJob(name="bulk", firm="bench", command=("/bin/true",), parks=Parks(allow=("elsewhere",)))
    with land.patient(land.member) as client:
        client.submit(marked)
        for turn in range(SUBMISSIONS // THREADS):
            job = client.submit(bulk, idempotency_key=f"bulk-{number}-{turn}-{time.time_ns()}")
            acknowledged[job.id] += 1
