"""What moves on the screen while one waits; on no screen, nothing moves and each change is one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from bostan.cli.output import console, say
from bostan.errors import one_line

if TYPE_CHECKING:
    from rich.status import Status

    from bostan.api import Job
    from bostan.workdir import Progress


class StatusLine:
    """One line that says how it stands with what is waited for."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._told = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the screen to something else that moves: it shows one such thing at a time."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def show(self, sentence: str) -> None:
        """Tell it, if it is new."""
        if sentence == self._told:
            return
        self._told = sentence
        if sys.stderr.isatty():
            self._move(one_line(sentence))
        else:
            say(sentence)

    def _move(self, sentence: str) -> None:
        from rich.text import Text

        if self._status is None:
            self._status = console(stderr=True).status(Text(sentence))
            self._status.start()
        else:
            self._status.update(Text(sentence))


class WaitLine(StatusLine):
    """One line that says how a job stands, and why it waits."""

    def show_job(self, job: Job) -> None:
        """Tell what has changed; where nothing moves, only why it waits."""
        sentence = f"{job.id} {job.state}" + (f": {job.wait.sentence}" if job.wait else "")
        if job.wait or sys.stderr.isatty():
            self.show(sentence)


@contextmanager
def transfer_bar(what: str, after: StatusLine | None = None) -> Iterator[Progress | None]:
    """A bar for bytes on their way, on a terminal; it appears with the first of them, in place of the line before."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    bar = Progress(*columns, console=console(stderr=True), transient=True)
    task = bar.add_task(what)

    def show(done: int, total: int) -> None:
        if after is not None:
            after.stop()
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()
