"""Following a job: its log comes out as it is, and the command exits as the job's own process did."""

import base64
import json

import pytest


@pytest.fixture
def log(centre, make_log, make_sse):
    centre.streams = [
        [make_log(1, 0, b"step 1\n"), make_log(1, 7, b"\xff\x00raw\n"), make_sse("end", state="x")]
    ]


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ({"state": "succeeded", "exit_code": 0}, 0),
        ({"state": "failed", "exit_code": 3}, 3),
        ({"state": "failed", "exit_code": 255}, 255),
        ({"state": "failed", "exit_code": 137}, 137),
        ({"state": "failed", "exit_code": -9}, 137),
        ({"state": "failed", "signal": 9}, 137),
        ({"state": "cancelled", "signal": 15}, 143),
        ({"state": "cancelled"}, 1),
        ({"state": "failed"}, 1),
    ],
)
@pytest.mark.parametrize(
    "words",
    [["run", "--no-work-dir", "--", "train"], ["submit", "--follow", "job.yaml"]],
    ids=["run", "submit"],
)
def test_the_jobs_code_is_the_commands_code(
    bostan, centre, log, job_file, ended_job, make_job, words, ended, code
):
    job_file()
    centre.states = [make_job(phase="active", state="running"), ended_job(**ended, detail="told so")]
    told = bostan(*words)
    assert told.code == code
    assert told.out.startswith("step 1\n")
    assert f"job-1 {ended['state']}: told so" in told.err


def test_wait_exits_with_the_jobs_code_too(bostan, centre, ended_job, make_job):
    wait = {"reason": "quota-full", "sentence": "acme uses 8 of 8 GPUs"}
    centre.states = [make_job(wait=wait), make_job(wait=wait), ended_job("failed", exit_code=5)]
    told = bostan("wait", "job-1")
    assert (told.code, told.out) == (5, "")
    assert told.err.splitlines() == ["job-1 queued: acme uses 8 of 8 GPUs", "job-1 failed (exit 5)"]


def test_following_in_json_is_one_value_a_line(bostan, centre, log, job_file, make_job, ended_job):
    centre.states = [make_job(phase="active", state="running"), ended_job("succeeded", exit_code=0)]
    told = bostan("submit", "-f", job_file(), "-o", "json")
    submitted, first, second, finished = map(json.loads, told.out.splitlines())
    assert (submitted["id"], finished["state"]) == ("job-1", "succeeded")
    assert first == {"attempt": 1, "rank": 0, "offset": 0, "text64": base64.b64encode(b"step 1\n").decode()}
    assert base64.b64decode(second["text64"]) == b"\xff\x00raw\n"


def test_a_newer_attempt_is_announced(bostan, centre, make_log, make_sse):
    centre.streams = [
        [make_log(1, 0, b"one\n"), make_sse("attempt", number=2), make_log(2, 0, b"two\n"), make_sse("end")]
    ]
    told = bostan("logs", "-f", "job-1", "--rank", "1")
    assert (told.code, told.out) == (0, "one\ntwo\n")
    assert told.err == "--- attempt 2 ---\n"
    assert "rank=1" in centre.asked[0][1]


def test_a_log_is_written_whole_and_of_one_attempt(bostan, centre):
    told = bostan("logs", "job-1")
    assert told.out == "step 1\nstep 2\n"
    assert "attempt" not in centre.asked[0][1]
    assert all("attempt=2" in query for _, query in centre.asked[1:])


def test_a_log_in_json(bostan, centre):
    centre.log = b"one"
    assert bostan("logs", "job-1", "-o", "json").json["text64"] == base64.b64encode(b"one").decode()


def test_a_log_that_is_not_there(bostan, centre):
    from fastapi import Response

    centre.faults = [lambda: Response('{"title": "no such job"}', 404)]
    assert bostan("logs", "-f", "job-9").code == 5


def test_an_end_without_more_to_say_is_said_once(bostan, centre, ended_job):
    centre.states = [ended_job("succeeded", exit_code=0, detail="succeeded")]
    assert bostan("wait", "job-1").err == "job-1 succeeded\n"
