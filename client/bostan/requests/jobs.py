"""Requests about jobs: submitting, reading, steering, logs and outputs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bostan.api import (
    Attempt,
    Batch,
    BatchReceipt,
    Cancel,
    Forecast,
    Job,
    NewJob,
    Outputs,
    Page,
    Phase,
    Requeue,
    Why,
)
from bostan.requests.base import Answer, Request, at, follows, given, listing, model, nothing

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-")


@dataclass(frozen=True, slots=True)
class LogRange:
    """Bytes of one rank's log. `complete` says that no more will follow after `next_offset`."""

    attempt: int
    rank: int
    offset: int
    data: bytes
    next_offset: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of an archive from `offset` on."""

    offset: int
    data: bytes


def submit(job: NewJob, idempotency_key: str) -> Request[Job]:
    """With the same key, the same job is answered and none is made twice."""
    return Request("POST", at("jobs"), model(Job), json=job, headers={"Idempotency-Key": idempotency_key})


def submit_batch(batch: Batch, idempotency_key: str) -> Request[BatchReceipt]:
    headers = {"Idempotency-Key": idempotency_key}
    return Request("POST", at("job-batches"), model(BatchReceipt), json=batch, headers=headers)


def job(job_id: str) -> Request[Job]:
    return Request("GET", at("jobs", job_id), model(Job))


def jobs(
    cursor: str | None = None,
    *,
    firm: str | None = None,
    project: str | None = None,
    phase: Phase | None = None,
    name: str | None = None,
) -> Request[Page[Job]]:
    """A page of jobs, newest first."""
    return listing(at("jobs"), Job, cursor, firm=firm, project=project, phase=phase, name=name)


def attempts(job_id: str, cursor: str | None = None) -> Request[Page[Attempt]]:
    return listing(at("jobs", job_id, "attempts"), Attempt, cursor)


def why(job_id: str) -> Request[Why]:
    return Request("GET", at("jobs", job_id, "why"), model(Why))


def forecast(job_id: str) -> Request[Forecast]:
    return Request("GET", at("jobs", job_id, "forecast"), model(Forecast))


def estimate(job: NewJob) -> Request[Forecast]:
    """When a job would start that is not submitted."""
    return Request("POST", at("forecasts"), model(Forecast), json=job)


def cancel(job_id: str, order: Cancel) -> Request[Job]:
    return Request("POST", at("jobs", job_id, "cancel"), model(Job), json=order)


def requeue(job_id: str, order: Requeue) -> Request[Job]:
    return Request("POST", at("jobs", job_id, "requeue"), model(Job), json=order)


def logs(
    job_id: str, *, attempt: int | None = None, rank: int = 0, offset: int = 0, limit: int | None = None
) -> Request[LogRange]:
    """Bytes of a rank's log from `offset` on, at most `limit` of them."""

    def read(answer: Answer) -> LogRange:
        headers = answer.headers
        return LogRange(
            attempt=int(headers["log-attempt"]),
            rank=rank,
            offset=int(headers["log-offset"]),
            data=answer.body,
            next_offset=int(headers["log-next-offset"]),
            complete=headers["log-complete"] == "true",
        )

    params = given(attempt=attempt, rank=rank, offset=offset, limit=limit)
    return Request("GET", at("jobs", job_id, "logs"), read, params=params)


def watch_logs(job_id: str, *, attempt: int | None, rank: int, offset: int) -> Request[None]:
    """The log as it grows, as server-sent events."""
    params = given(attempt=attempt, rank=rank, offset=offset, follow="true")
    return follows(Request("GET", at("jobs", job_id, "logs"), nothing, params=params))


def outputs(job_id: str) -> Request[Outputs]:
    return Request("GET", at("jobs", job_id, "outputs"), model(Outputs))


def output_part(job_id: str, rank: int, first: int, last: int) -> Request[Part]:
    """The bytes `first` to `last`, both included, of a rank's outputs; a proxy may send all of them."""

    def read(answer: Answer) -> Part:
        if answer.status != 206:
            return Part(0, answer.body)
        found = _CONTENT_RANGE.match(answer.headers["content-range"])
        if found is None:
            raise ValueError("Content-Range")
        return Part(int(found[1]), answer.body)

    path = at("jobs", job_id, "outputs", str(rank))
    # A proxy that compressed the answer would count other bytes than we do.
    headers = {"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}
    return Request("GET", path, read, headers=headers)
