"""Looking at jobs: the list, and one of them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import FirmFilter, Format, JobId, Output
from bostan.cli.output import Cell, Column, emit_items, print_facts, print_json, print_table, say, write
from bostan.cli.planning import STANDARD, claims, experience, gpus_each, gpus_in_all
from bostan.cli.words import counted, local_time, local_time_exact, size

if TYPE_CHECKING:
    from bostan.api import Attempt, Job, NewJob, Phase

_COLUMNS = (
    Column("JOB"),
    Column("NAME", "shrinks"),
    Column("FIRM", "shrinks"),
    Column("STATE", "state"),
    Column("GPUS", "number"),
    Column("SUBMITTED"),
)
_QOS = Column("QOS")
_ATTEMPT_COLUMNS = (
    Column("ATTEMPT", "number"),
    Column("PHASE", "state"),
    Column("NODES", "shrinks"),
    Column("STARTED"),
    Column("OUTCOME", "shrinks"),
    Column("STEP", "number"),
)
_OUTPUTS = {"on-the-way": "still on the way", "kept": "kept", "lost": "lost"}
_DETAILS_MAX = 3


def jobs(
    firm: FirmFilter = None,
    project: Annotated[str | None, typer.Option("--project", help="Only this project.")] = None,
    phase: Annotated[str | None, typer.Option("--phase", help="queued, active or finished.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only jobs of this name.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many.")] = 50,
    output: Output = Format.TABLE,
) -> None:
    """List jobs, newest first."""
    from bostan.cli.session import connect

    with connect() as client:
        found = list(
            islice(client.jobs(firm=firm, project=project, phase=_phase(phase), name=name), limit + 1)
        )
    shown = found[:limit]
    # Most jobs are standard: a column for it would only take room.
    if any(job.spec.qos != STANDARD for job in shown):
        emit_items(shown, output, (*_COLUMNS, _QOS), _row_with_qos, "There are no jobs")
    else:
        emit_items(shown, output, _COLUMNS, _row, "There are no jobs")
    if len(found) > limit:
        say(f"There are more: bostan jobs --limit {limit * 10}")


def _phase(text: str | None) -> Phase | None:
    from bostan.api import Phase
    from bostan.errors import FileProblem, InvalidFile

    if text is None:
        return None
    try:
        return Phase(text)
    except ValueError as exc:
        remedy = "one of queued, active, finished"
        problem = FileProblem("command line", None, "--phase", f"{text!r} is not a phase", remedy)
        raise InvalidFile([problem]) from exc


def _row(job: Job) -> tuple[Cell, ...]:
    return (job.id, job.name, job.firm, job.state, gpus_in_all(job.spec), local_time(job.submitted_at))


def _row_with_qos(job: Job) -> tuple[Cell, ...]:
    return (*_row(job), job.spec.qos)


def show(job: JobId, output: Output = Format.TABLE) -> None:
    """Show one job and its attempts."""
    from bostan.cli.session import connect

    with connect() as client:
        found = client.job(job)
        attempts = list(client.attempts(job)) if output is Format.TABLE else []
    if output is Format.JSON:
        print_json(found)
        return
    print_facts([*_facts(found), *experience(found, attempts)])
    if attempts:
        write("")
        print_table(_ATTEMPT_COLUMNS, [_attempt_row(each) for each in attempts])


def _facts(job: Job) -> Iterator[tuple[str, Cell]]:
    yield "job", job.id
    yield "name", job.name
    yield "firm", "/".join(each for each in (job.firm, job.project) if each)
    yield "state", job.state
    yield "waits", job.wait.sentence if job.wait else None
    yield "outcome", " ".join(each for each in (job.outcome, job.outcome_detail) if each)
    yield "exit code", job.exit_code
    yield "submitted", f"{local_time_exact(job.submitted_at)} by {job.submitted_by}"
    yield "finished", local_time_exact(job.finished_at)
    yield "GPU-seconds", job.gpu_seconds
    yield from asked_for(job.spec)
    if job.attempt:
        yield "nodes", _nodes(job.attempt)
        yield "outputs", _outputs(job.attempt)


def _nodes(attempt: Attempt) -> str:
    return ", ".join(dict.fromkeys(rank.node for rank in attempt.ranks))


def _outputs(attempt: Attempt) -> str | None:
    """What became of them, in full where something is missing; of a large gang only the first of those."""
    told = Counter(rank.outputs for rank in attempt.ranks if rank.outputs != "none")
    words = [f"{count} {_OUTPUTS.get(state, state)}" for state, count in told.items()]
    details = [f"rank {rank.rank}: {rank.outputs_detail}" for rank in attempt.ranks if rank.outputs_detail]
    more = [f"and {len(details) - _DETAILS_MAX} more"] if len(details) > _DETAILS_MAX else []
    return "; ".join([*words, *details[:_DETAILS_MAX], *more]) or None


def asked_for(spec: NewJob) -> Iterator[tuple[str, Cell]]:
    """What a job asks for, as facts."""
    from bostan.jobfile.units import duration_text

    yield "command", shlex.join(spec.command)
    yield "replicas", spec.replicas
    yield "each with", ", ".join(_each_with(spec))
    yield "GPU classes", ", ".join(spec.gpu_classes)
    yield "parks", ", ".join(spec.parks.allow) or None
    yield "not in", ", ".join(spec.parks.deny)
    yield "time limit", duration_text(spec.time_limit_seconds)
    yield from claims(spec)
    if spec.work_dir:
        yield "work directory", f"{size(spec.work_dir.size_bytes)}, sha256 {spec.work_dir.sha256[:12]}"


def _each_with(spec: NewJob) -> Iterator[str]:
    yield gpus_each(spec)
    if spec.rank.cpus:
        yield counted(spec.rank.cpus, "CPU")
    if spec.rank.memory_bytes:
        yield size(spec.rank.memory_bytes)
    if spec.min_gpu_memory_bytes:
        yield f"GPU memory from {size(spec.min_gpu_memory_bytes)}"


def _attempt_row(attempt: Attempt) -> tuple[Cell, ...]:
    outcome = " ".join(each for each in (attempt.outcome, attempt.outcome_detail) if each)
    started = local_time(attempt.started_at)
    return (attempt.number, attempt.phase, _nodes(attempt), started, outcome, attempt.checkpoint_step)
