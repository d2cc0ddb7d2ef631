"""A centre of its own that is killed whole, started again on its data, and ended in order; a node that never comes back."""

import signal

import psutil
import pytest
from bostan.api import NewJob

pytestmark = pytest.mark.ray

LEASE_SECONDS = 12
QUICK_LEASES = {
    "BOSTAN_CENTRE_LEASE_SECONDS": str(LEASE_SECONDS),
    "BOSTAN_CENTRE_LEASE_MARGIN_SECONDS": "1",
    "BOSTAN_CENTRE_RENEW_SECONDS": "3",
}
COUNTING = "n=0; while :; do n=$((n+1)); echo $$ $n; sleep 0.2; done"
JOB = NewJob(name="counting", firm="bench", command=("/bin/sh", "-c", COUNTING), stop_grace_seconds=1)


def pid_of(land, job_id):
    return int(land.until_log(land.member, job_id, " 1").split()[0])


def test_a_pool_that_is_killed_whole_goes_on_where_it_was_and_ends_clean(
    own_land, settings, two_gpus, quota_document
):
    land = own_land
    land.start_centre(**settings)
    land.open(quota_document(bench=4))
    for name in ("n1", "n2"):
        land.join(name, *two_gpus)
    land.await_nodes(2)
    with land.client(land.member) as client:
        job = client.submit(JOB)
    pid = pid_of(land, job.id)

    land.remember()
    land.centre.kill()
    land.centre.wait()
    land.start_centre(**settings, **QUICK_LEASES)
    assert "that an earlier centre had left" in (land.folder / "centre.log").read_text()
    land.await_nodes(2)
    land.until_state(land.member, job.id, "running")
    assert psutil.pid_exists(pid)
    assert land.job(land.member, job.id).attempts == 1
    _cancel(land, job.id)

    _a_node_that_never_comes_back(land)
    _ends_clean(land)


def _a_node_that_never_comes_back(land):
    """Its shim stops the rank at the lease's end, with nobody to tell it; the job then starts elsewhere."""
    with land.client(land.member) as client:
        job_id = client.submit(JOB).id
    pid, lost = pid_of(land, job_id), land.node_of(land.member, job_id)
    land.kill_agent(lost.removeprefix("here/"))
    land.until_state(land.member, job_id, "unknown", seconds=20)
    land.until("the shim has ended the rank", lambda: not psutil.pid_exists(pid), LEASE_SECONDS + 10)

    def again():
        job = land.job(land.member, job_id)
        return job if job.attempts == 2 else None

    moved = land.until("it runs on another node", again, LEASE_SECONDS + 20)
    assert moved.attempt.ranks[0].node != lost
    assert pid_of(land, job_id) != pid
    _cancel(land, job_id)


def _cancel(land, job_id):
    with land.client(land.member) as client:
        client.cancel(job_id)
    land.until_state(land.member, job_id, "cancelled")


def _ends_clean(land):
    """SIGTERM to each agent and to the centre, and nothing of the pool is left."""
    land.remember()
    for agent in land.agents:
        agent.send_signal(signal.SIGTERM)
    land.centre.send_signal(signal.SIGTERM)
    assert land.centre.wait(timeout=30) == 0
    assert sorted(agent.wait(timeout=30) for agent in land.agents) == [-signal.SIGKILL, 0]
    land.until("nothing is left", lambda: not land.left(), 20)
    assert not (land.folder / "centre" / "centre.json").exists()
    assert not (land.folder / "centre" / "ray-folder").exists()
