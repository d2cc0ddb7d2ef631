"""What a job says to the planner, and what became of it, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from bostan.cli.output import Cell
from bostan.cli.words import counted, local_time_exact

if TYPE_CHECKING:
    from bostan.api import Attempt, Job, NewJob

WHOLE_GPU: Final = 1_000
STANDARD: Final = "standard"


def gpus_in_all(spec: NewJob) -> str:
    """The GPUs of the whole gang; parts add up."""
    return f"{spec.replicas * spec.rank.gpus * spec.rank.gpu_milli / WHOLE_GPU:g}"


def gpus_each(spec: NewJob) -> str:
    """`2 GPUs`, or `0.5 of a GPU`."""
    if spec.rank.gpu_milli == WHOLE_GPU:
        return counted(spec.rank.gpus, "GPU")
    return f"{spec.rank.gpu_milli / WHOLE_GPU:g} of a GPU"


def claims(spec: NewJob) -> Iterator[tuple[str, Cell]]:
    """How firm its claim is, how long it thinks to run, and how fast it says to be."""
    from bostan.jobfile.units import duration_text

    yield "qos", spec.qos
    yield "estimate", None if spec.estimate_seconds is None else duration_text(spec.estimate_seconds)
    yield "speeds", ", ".join(f"{gpu_class} {speed:g}" for gpu_class, speed in spec.speeds.items())


def experience(job: Job, attempts: Sequence[Attempt]) -> Iterator[tuple[str, Cell]]:
    """What jobs like it took, and how often it made room for others."""
    from bostan.jobfile.units import duration_text

    if job.learnt_seconds is not None:
        yield "estimate", f"{duration_text(job.learnt_seconds)}, learnt from jobs like it"
    if job.preempted_at is not None:
        times = sum(each.outcome == "preempted" for each in attempts)
        yield "preempted", f"{counted(times, 'time')}, last at {local_time_exact(job.preempted_at)}"
