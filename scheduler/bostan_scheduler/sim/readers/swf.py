"""The Standard Workload Format of the Parallel Workloads Archive: 18 numbers a line, `;` before remarks.

Options: `gpus_per_processor` turns processors into GPUs, rounded up (1 if it is not set); `firm` takes a job's
firm from its `group`, its `user`, or `none`. The time that a job asked for is its limit and its estimate. A job
that never ran, or whose processors are not known, is passed over.
"""

from collections.abc import Iterator
from math import ceil
from pathlib import Path

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.readers.table import Row, lines, problem
from bostan_scheduler.sim.world import YEARS_10

FIELDS = (
    "job number", "submit time", "wait time", "run time", "allocated processors", "average CPU time used",
    "used memory", "requested processors", "requested time", "requested memory", "status", "user id",
    "group id", "executable number", "queue number", "partition number", "preceding job number", "think time",
)  # fmt: skip


def read(path: Path, options: Options) -> Iterator[Asked]:
    """The jobs of a file. Raises `InvalidFile`."""
    factor = options.number("gpus_per_processor", 1.0, 1e-6, 1e3)
    firm = options.choice("firm", "group", "user", "none")
    options.refuse_others()
    found = False
    for line, text in enumerate(lines(path), 1):
        if text.strip() and not text.lstrip().startswith(";"):
            found = True
            yield from _job(_row(path, line, text), factor, firm)
    if not found:
        raise problem(path, 1, "", "has no jobs", "give at least one")


def _row(path: Path, line: int, text: str) -> Row:
    values = text.split()
    if len(values) != len(FIELDS):
        raise problem(
            path, line, "", f"has {len(values)} fields", f"write {len(FIELDS)}, -1 for what is not known"
        )
    return Row(str(path), line, dict(zip(FIELDS, values, strict=True)))


def _job(row: Row, factor: float, firm: str) -> Iterator[Asked]:
    """One job, or none; -1 stands for what is not known."""
    run = row.number("run time", -1.0)
    processors = row.whole("allocated processors", -1)
    if processors <= 0:
        processors = row.whole("requested processors", -1)
    if run <= 0 or processors <= 0:
        return
    asks = row.number("requested time", -1.0)
    yield Asked(
        submit_seconds=row.number("submit time"),
        run_seconds=run,
        gpus=ceil(processors * factor),
        firm="firm" if firm == "none" else f"{firm}-{row.whole(f'{firm} id', -1)}",
        time_limit_seconds=ceil(asks) if asks > 0 else YEARS_10,
        estimate_seconds=ceil(asks) if asks > 0 else None,
    )
