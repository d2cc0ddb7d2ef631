"""What went wrong, told in two lines: what it is, and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
import typer.core

from bostan.errors import (
    Answered,
    BostanError,
    FileProblem,
    InvalidFile,
    NotAllowed,
    NotAuthenticated,
    Refused,
    WrongUsage,
    one_line,
)

DETACHED: Final = 130


class Root(typer.core.TyperGroup):
    """The top of the command line: every failure leaves through here, with its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. A bug is no failure: it keeps its traceback."""
        try:
            with _usage_told():
                return super().invoke(ctx)
        except BostanError as exc:
            tell(exc)
            raise typer.Exit(exc.exit_code) from exc
        except KeyboardInterrupt as exc:
            raise typer.Exit(DETACHED) from exc
        except OSError as exc:
            if exc.errno == errno.EPIPE:
                raise
            tell(_of_this_machine(exc))
            raise typer.Exit(1) from exc

    def make_context(self, *words: Any, **more: Any) -> Any:
        """Read the top's own options."""
        with _usage_told():
            return super().make_context(*words, **more)


# Typer hides the library in which these are; the base of what it shows is the same in all its releases.
_UsageError: Final[Any] = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "UsageError")


@contextmanager
def _usage_told() -> Iterator[None]:
    """Wrong usage in the form of all other errors; a group that is asked for nothing shows its help."""
    try:
        yield
    except _UsageError as exc:
        if type(exc).__name__ == "NoArgsIsHelpError":
            raise
        tell(WrongUsage(exc.format_message(), f"bostan{_command(exc.ctx)} --help"))
        raise typer.Exit(WrongUsage.exit_code) from exc


def _command(context: Any) -> str:
    """The command's words after the program's own name, which may be that of an interpreter."""
    if context is None:
        return ""
    return str(context.command_path).removeprefix(str(context.find_root().command_path))


def tell(failure: BostanError) -> None:
    """Say on standard error what is wrong, and what to do next."""
    for line in _lines(failure):
        typer.echo(line, err=True)


def _lines(failure: BostanError) -> Iterator[str]:
    if isinstance(failure, InvalidFile):
        for problem in failure.problems:
            yield from _two(_place(problem), problem.remedy)
        return
    if isinstance(failure, Answered) and len(failure.mistakes) > 1:
        for detail, remedy in failure.mistakes:
            yield from _two(detail, remedy)
        return
    what = (isinstance(failure, Refused) and failure.detail) or failure.message
    yield from _two(what, failure.remedy or _NEXT.get(type(failure), ""))


def _two(what: str, remedy: str) -> Iterator[str]:
    yield f"error: {one_line(what).rstrip('.')}"
    if remedy:
        yield f" next: {one_line(remedy)}"


def _place(problem: FileProblem) -> str:
    return str(FileProblem(problem.file, problem.line, problem.field, problem.problem))


def _of_this_machine(exc: OSError) -> BostanError:
    where = f"{exc.filename}: " if exc.filename else ""
    return BostanError(f"{where}{exc.strerror or exc}", "this machine said so, not the centre")


_NEXT: Final[dict[type[BostanError], str]] = {
    NotAuthenticated: "bostan login",
    NotAllowed: "see who you are: bostan whoami",
}
