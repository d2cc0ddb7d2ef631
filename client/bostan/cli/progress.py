"""What moves on the screen while one waits; on no screen, nothing moves and each change is one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bostan.cli.output import console, say
from bostan.errors import one_line

if TYPE_CHECKING:
    from rich.status import Status

    from bostan.api import Job
    from bostan.workdir import Progress


class WaitLine:
    """One line that says how a job stands, and why it waits."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._told = ""

    def __enter__(self) -> WaitLine:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, job: Job) -> None:
        """Tell what has changed."""
        sentence = f"{job.id} {job.state}" + (f": {job.wait.sentence}" if job.wait else "")
        if sentence == self._told:
            return
        self._told = sentence
        if sys.stderr.isatty():
            self._move(one_line(sentence))
        elif job.wait:
            say(sentence)

    def _move(self, sentence: str) -> None:
        from rich.text import Text

        if self._status is None:
            self._status = console(stderr=True).status(Text(sentence))
            self._status.start()
        else:
            self._status.update(Text(sentence))


@contextmanager
def transfer_bar(what: str) -> Iterator[Progress | None]:
    """A bar for bytes on their way, on a terminal; it appears with the first of them."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
