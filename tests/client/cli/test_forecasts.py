"""When a job starts, on the command line: in a line of `why`, and before it is submitted."""

import pytest
from bostan.api import Forecast
from bostan.cli.forecasts import told

FOUND = {
    "job_id": None,
    "available": True,
    "at": 0,
    "p10_at": 600_000,
    "p50_at": 3_600_000,
    "p90_at": 7_200_000,
    "horizon_seconds": 14 * 86_400,
    "samples": 40,
    "basis": "estimate",
}
NONE = {"available": False, "reason": "busy", "detail": "too many forecasts are asked for at once"}
LINE = "starts between 1970-01-01 00:10 and 1970-01-01 02:00 (P50 1970-01-01 01:00, P90 1970-01-01 02:00), by its estimate"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, LINE),
        ({"p90_at": None}, "starts between 1970-01-01 00:10 and later than in 14 days (P50 1970-01-01 01:00, P90 later than in 14 days), by its estimate"),
        ({"p10_at": 0, "p50_at": 0, "p90_at": 0}, "it starts at once, in nine of ten of 40 possible futures"),
        (NONE, "no forecast (busy): too many forecasts are asked for at once"),
    ],
)  # fmt: skip
def test_a_forecast_in_one_line(changes, line):
    assert told(Forecast.model_validate({**FOUND, **changes})) == line


WHOAMI = {"name": "ada", "role": "member", "firm": "acme", "project": None}
CAPACITY = {
    "classes": [{"park": "p", "gpu_class": "a100", "memory_bytes": 2**36, "gpus": 8, "gpus_per_node": 8}]
}


@pytest.fixture
def job_file(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncommand: x\n")
    return path


@pytest.mark.parametrize(("answer", "code"), [(FOUND, 0), (NONE, 1)])
def test_an_estimate_says_what_is_known_and_exits_with_it(bostan, centre, job_file, answer, code):
    centre.answers |= {
        "GET /v1/whoami": WHOAMI,
        "GET /v1/capacity": CAPACITY,
        "POST /v1/forecasts": answer,
    }
    for output in ("table", "json"):
        said = bostan("estimate", str(job_file), "-o", output)
        assert said.code == code
        assert "futures" in said.err
    assert said.json["available"] is (code == 0)


def test_why_says_when_it_starts(bostan, centre):
    why = {"job_id": "job-1", "state": "queued", "since": 0, "waits": []}
    centre.answers |= {"GET /v1/jobs/job-1/why": why, "GET /v1/jobs/job-1/forecast": FOUND}
    assert LINE in bostan("why", "job-1").out
    assert bostan("why", "job-1", "-o", "json").json["forecast"]["samples"] == 40
    assert "starts" not in bostan("why", "job-1", "--no-forecast").out
