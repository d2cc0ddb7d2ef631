"""A bar on standard error while a simulation runs: jobs done, and how far virtual time has come."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.sim.engine import Watch

DRAW_SECONDS = 0.1


@contextmanager
def bar(total: int, start_at: Instant) -> Iterator[Watch | None]:
    """What is to be told how far a run is; None where nobody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with _progress(console, "day {task.fields[day]:,.1f}") as progress:
        task, drawn_at = progress.add_task("simulated", total=total, day=0.0), 0.0

        def watch(now: Instant, finished: int) -> None:
            nonlocal drawn_at
            if time.monotonic() > drawn_at + DRAW_SECONDS or finished == total:
                drawn_at = time.monotonic()
                progress.update(task, completed=finished, day=(now - start_at) / DAY_MILLISECONDS)

        yield watch


@contextmanager
def runs_bar(total: int) -> Iterator[Progress]:
    """A bar over the runs of a sweep; its one task is the first."""
    with _progress(Console(stderr=True), "runs") as progress:
        progress.add_task("sweep", total=total)
        yield progress


def _progress(console: Console, last: str) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(last),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)
