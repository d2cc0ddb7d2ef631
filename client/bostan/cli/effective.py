"""All that a job would be sent with, what it did not say included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bostan.cli.jobs import asked_for
from bostan.cli.output import Cell
from bostan.cli.words import counted

if TYPE_CHECKING:
    from bostan.api import NewJob

_UNSAID: Final = {
    "GPU classes": "any",
    "parks": "any",
    "not in": "none",
    "estimate": "none; the centre learns one from jobs like it",
    "speeds": "those of the classes",
}


def effective(job: NewJob) -> Iterator[tuple[str, Cell]]:
    """Every field of the request as a fact."""
    yield "name", job.name
    yield "firm", job.firm
    yield "project", job.project or "none"
    for name, value in asked_for(job):
        yield name, value or _UNSAID.get(name)
    yield "preferred parks", ", ".join(job.parks.prefer) or "none"
    yield "work directory", None if job.work_dir else "none"
    yield "environment", " ".join(f"{name}={value}" for name, value in job.env.items()) or "none"
    yield from _ends(job)


def _ends(job: NewJob) -> Iterator[tuple[str, Cell]]:
    """How it is stopped, started again and held."""
    from bostan.jobfile.units import duration_text

    grace = duration_text(job.checkpoint_grace_seconds)
    asked = f"on SIGUSR1, within {grace}" if job.checkpoint_on_signal else "only of its own accord"
    yield "checkpoint", asked
    yield "stop grace", duration_text(job.stop_grace_seconds)
    yield "retries", ", ".join(_retries(job))
    lease = job.lease_seconds
    yield "lease", "as long as the centre gives" if lease is None else f"at most {duration_text(lease)}"


def _retries(job: NewJob) -> Iterator[str]:
    retries = job.retries
    yield f"{counted(retries.node_lost, 'time')} when its node is lost"
    yield f"{counted(retries.start_failed, 'time')} when it cannot be started"
    yield f"{counted(retries.exit, 'time')} when it fails"
