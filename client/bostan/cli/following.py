"""Following a job to its end: its waits, its log, its exit code; and how to come back after Ctrl-C."""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING

import typer

from bostan.cli.failures import DETACHED
from bostan.cli.options import Format
from bostan.cli.output import print_json, say, write
from bostan.cli.progress import WaitLine

if TYPE_CHECKING:
    from bostan.api import Job
    from bostan.client import Client
    from bostan.follow import LogChunk

# The log's end and the job's last phase are written in different steps of the centre.
_SETTLE_SECONDS = 60.0


def follow_job(client: Client, job_id: str, output: Format) -> None:
    """Show why the job waits, then its log, then how it ended. Exits with the job's own code."""
    try:
        with WaitLine() as line:
            client.wait(job_id, on_change=line.show_job, until_started=True)
        stream_log(client, job_id, output=output)
        job = client.wait(job_id, _SETTLE_SECONDS)
    except KeyboardInterrupt as exc:
        raise detach(job_id) from exc
    conclude(job, output)


def conclude(job: Job, output: Format) -> None:
    """Say how the job ended, and exit with its code."""
    if output is Format.JSON:
        print_json(job)
    code = exit_code_of(job)
    detail = f": {job.outcome_detail}" if job.outcome_detail not in ("", job.state) else ""
    say(f"{job.id} {job.state}{detail}" + (f" (exit {code})" if code else ""))
    raise typer.Exit(code)


def detach(job_id: str) -> typer.Exit:
    """Leave the job alone, and say how to come back to it."""
    say("")
    say(f"Detached; {job_id} goes on. Come back: bostan logs -f {job_id}")
    say(f"Or end it: bostan cancel {job_id}")
    return typer.Exit(DETACHED)


def stream_log(
    client: Client, job_id: str, *, rank: int = 0, attempt: int | None = None, output: Format = Format.TABLE
) -> None:
    """Write the log as it grows, until the job ends."""
    seen = attempt
    for chunk in client.follow_logs(job_id, rank=rank, attempt=attempt):
        if seen is not None and chunk.attempt != seen:
            say(f"--- attempt {chunk.attempt} ---")
        seen = chunk.attempt
        write_log(chunk, output)


def write_log(chunk: LogChunk, output: Format) -> None:
    """A piece of a log: its bytes as they are, or one line of JSON."""
    if output is Format.JSON:
        text64 = base64.b64encode(chunk.data).decode("ascii")
        place = {"attempt": chunk.attempt, "rank": chunk.rank, "offset": chunk.offset}
        write(json.dumps({**place, "text64": text64}))
        sys.stdout.flush()
        return
    sys.stdout.flush()
    rest = memoryview(chunk.data)
    while rest:  # an unbuffered stream may take only a part
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def exit_code_of(job: Job) -> int:
    """The code that a shell would give for the job's process: its own, or 128 + signal."""
    if job.state == "succeeded":
        return 0
    if job.exit_code:
        return job.exit_code if 0 < job.exit_code < 256 else 128 + abs(job.exit_code) % 128
    signals = [rank.signal for rank in job.attempt.ranks if rank.signal] if job.attempt else []
    return 128 + signals[0] if signals else 1
