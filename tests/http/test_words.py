"""Every phase and outcome of the core has its word in the contract."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Ending,
    Fencing,
    Lease,
    Offered,
    Place,
    RankAccepted,
    RankExited,
    RankOffered,
    RankReleased,
    RankStarted,
    Running,
    Starting,
    Stop,
    StopCause,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.job import Active, Finished, Job, Queued
from bostan_scheduler.core.outcome import (
    Cancelled,
    Failed,
    NodeLost,
    Requeued,
    StartFailed,
    Succeeded,
    TimedOut,
)
from bostan_scheduler.http.follow import is_whole
from bostan_scheduler.http.translate.attempts import attempt_model
from bostan_scheduler.http.translate.jobs import state_of
from bostan_scheduler.http.translate.outcomes import exit_code, final_state, outcome_word
from worlds import spec_of

NOW, LEASE = 1_000_000, Lease(2_000_000, 1_000_000)
GONE = Cancelled("ada", "")
STOP = Stop(StopCause.CANCELLED, checkpoint=False, since=NOW, outcome=GONE)

ATTEMPT = Attempt(
    id="j.1",
    job_id="j",
    firm="acme",
    project=None,
    quota_id="acme",
    number=1,
    fencing=Fencing(1, 1),
    park="p",
    gpu_class="a100",
    places=(Place(0, "p/a", ("gpu-1",)),),
    seen=(RankOffered(),),
    created_at=NOW,
    phase=Offered(NOW, NOW),
    lease_seconds=60,
    time_limit_seconds=60,
)
JOB = Job("j", spec_of(["acme", "1"], {}), NOW, "ada", Active("j.1"), attempts=1)


@pytest.mark.parametrize(
    ("phase", "word", "state", "stopping"),
    [
        (Offered(NOW, NOW), "offered", "starting", "stopping"),
        (Starting(NOW, NOW, LEASE), "starting", "starting", "stopping"),
        (Running(NOW, LEASE), "running", "running", "stopping"),
        (Unknown(NOW, Running(NOW, LEASE)), "unknown", "unknown", "unknown"),
        (Withdrawn(NOW, NOW, GONE), "ending", "stopping", "stopping"),
        (Ending(NOW, LEASE, GONE), "ending", "stopping", "stopping"),
        (Ended(GONE, NOW), "finished", "stopping", "stopping"),
    ],
)
def test_phases_of_attempts(phase, word, state, stopping):
    attempt = replace(ATTEMPT, phase=phase)
    assert attempt_model(attempt, JOB, lambda *_: 0).phase == word
    assert state_of(JOB, attempt) == state
    assert state_of(JOB, replace(attempt, intent=STOP)) == stopping


@pytest.mark.parametrize(
    ("outcome", "word", "state", "code"),
    [
        (Succeeded(), "succeeded", "succeeded", 0),
        (Failed(0, 7, 0), "failed", "failed", 7),
        (Failed(0, 0, 15), "failed", "failed", 143),
        (GONE, "cancelled", "cancelled", None),
        (TimedOut(60), "timed-out", "failed", None),
        (Requeued("ada", ""), "requeued", "failed", None),
        (NodeLost("p/a", "rebooted"), "node-lost", "failed", None),
        (StartFailed("p/a", "no such file"), "start-failed", "failed", None),
    ],
)
def test_outcomes(outcome, word, state, code):
    assert (outcome_word(outcome), final_state(outcome), exit_code(outcome)) == (word, state, code)
    assert state_of(replace(JOB, phase=Finished(outcome, NOW)), None) == state


def test_a_job_read_a_moment_before_its_attempt():
    assert state_of(JOB, None) == "starting"
    assert state_of(replace(JOB, phase=Queued(NOW)), None) == "queued"


EXITED = RankExited(3, 0, "exited", "", NOW, NOW + 1, NOW + 2, 10)


@pytest.mark.parametrize(
    ("seen", "state", "log_bytes"),
    [
        (RankOffered(), "offered", 0),
        (RankAccepted("10.0.0.1", 4000), "accepted", 0),
        (RankStarted("10.0.0.1", 4000, NOW), "started", 99),
        (EXITED, "exited", 10),
        (replace(EXITED, released=True), "exited", 10),
        (RankReleased("refused"), "released", 0),
    ],
)
def test_ranks(seen, state, log_bytes):
    (rank,) = attempt_model(replace(ATTEMPT, seen=(seen,)), JOB, lambda *_: 99).ranks
    assert (rank.state, rank.log_bytes, rank.node, rank.gpus) == (state, log_bytes, "p/a", ("gpu-1",))
    if isinstance(seen, RankExited):
        assert (rank.exit_code, rank.signal, rank.first_output_at, rank.ended_at) == (
            3,
            None,
            NOW + 1,
            NOW + 2,
        )


@pytest.mark.parametrize(
    ("seen", "phase", "offset", "later_seconds", "whole"),
    [
        (RankStarted("", 0, NOW), Running(NOW, LEASE), 5, 1000, False),
        (EXITED, Ending(NOW, LEASE, GONE), 9, 1000, False),
        (EXITED, Ending(NOW, LEASE, GONE), 10, 0, True),
        (EXITED, Ended(GONE, NOW), 9, 9, False),
        (EXITED, Ended(GONE, NOW), 9, 10, True),
        (RankStarted("", 0, NOW), Ended(GONE, NOW), 0, 9, False),
        (RankStarted("", 0, NOW), Ended(GONE, NOW), 0, 10, True),
        (RankReleased("lapsed"), Ended(GONE, NOW), 0, 0, True),
        (RankReleased("lapsed"), Withdrawn(NOW, NOW, GONE), 0, 0, False),
    ],
)
def test_when_nothing_more_of_a_log_is_expected(seen, phase, offset, later_seconds, whole):
    attempt = replace(ATTEMPT, seen=(seen,), phase=phase)
    assert is_whole(attempt, 0, offset, NOW + later_seconds * 1000, patience_seconds=10) is whole
