"""Everything that can go wrong for a user of Bostan, as one tree of exceptions.

    BostanError                 exit 1
    ├── WrongUsage              exit 2   what was asked for cannot be so, whatever the centre says
    ├── InvalidFile             exit 2   a job file, a quota file, or what stands for one, has mistakes
    ├── CannotReach             exit 3   no answer from the centre at all
    ├── TimedOut                exit 7   an answer did not come in the time allowed
    └── Answered                exit 6   the centre answered, and the answer was an error
        ├── Refused             exit 6   the request cannot be done as asked
        │   ├── NotAuthenticated    exit 4
        │   ├── NotAllowed          exit 4
        │   ├── NotFound            exit 5
        │   ├── Conflict            exit 6
        │   ├── TooLarge            exit 6
        │   └── RateLimited         exit 6
        └── ServerFault         exit 8   the request may be right; the centre failed

The docstring of a class is its message when none is given. `EXIT_CODES` is the whole table of exit codes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "done; a job that was followed succeeded",
    1: "failed; a job that was followed ends with the job's own code instead",
    2: "wrong usage, or a mistake in a file",
    3: "the centre cannot be reached",
    4: "not logged in, or not allowed",
    5: "not found",
    6: "refused by the centre",
    7: "timed out",
    8: "the centre failed",
}


def one_line(text: str) -> str:
    """The text with everything escaped that could break a line or hide a part of it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One mistake in a file: where it stands, what is wrong, and what to do about it."""

    file: str
    line: int | None
    field: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.problem}; {self.remedy}" if self.remedy else self.problem
        return one_line(": ".join(part for part in (where, self.field, what) if part))


class BostanError(Exception):
    """Bostan could not do this."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message or inspect.getdoc(type(self)) or ""
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}; {self.remedy}" if self.remedy else self.message


class WrongUsage(BostanError):
    """This cannot be asked for."""

    exit_code = 2


class InvalidFile(BostanError):
    """A file has mistakes."""

    exit_code = 2

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        assert problems, "an invalid file has at least one problem"
        first = problems[0]
        super().__init__(str(first))
        self.args = (tuple(problems),)
        self.problems: tuple[FileProblem, ...] = tuple(problems)
        self.file, self.line, self.field = first.file, first.line, first.field
        self.problem, self.remedy = first.problem, first.remedy

    def __str__(self) -> str:
        return self.message


class CannotReach(BostanError):
    """The centre cannot be reached."""

    exit_code = 3


class TimedOut(BostanError):
    """No answer came in the time allowed."""

    exit_code = 7


class Answered(BostanError):
    """The centre answered with an error."""

    # `mistakes` are what is wrong and what to do about it, one by one, where it is more than one thing.

    exit_code = 6

    def __init__(
        self,
        title: str = "",
        detail: str = "",
        remedy: str = "",
        *,
        status: int = 0,
        retry_after_seconds: float | None = None,
        mistakes: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{title}: {detail}" if title and detail else title or detail, remedy)
        self.args = (title, detail, remedy)
        self.title = title or self.message
        self.detail = detail
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.mistakes = mistakes


class Refused(Answered):
    """The centre refused the request."""


class NotAuthenticated(Refused):
    """Not logged in."""

    exit_code = 4


class NotAllowed(Refused):
    """This role may not do that."""

    exit_code = 4


class NotFound(Refused):
    """There is no such thing."""

    exit_code = 5


class Conflict(Refused):
    """The thing is not in a state that allows this."""


class TooLarge(Refused):
    """The request is larger than the centre takes."""


class RateLimited(Refused):
    """Too many requests at once."""


class ServerFault(Answered):
    """The centre failed."""

    exit_code = 8


_BY_STATUS: Final[Mapping[int, type[Answered]]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
}


def from_problem(
    status: int, problem: Mapping[str, object], retry_after_seconds: float | None = None
) -> Answered:
    """The exception for an error answer of the centre; `problem` is its problem+json, as far as it has one."""
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else Refused)
    title, detail, remedy = (str(problem.get(key) or "") for key in ("title", "detail", "remedy"))
    wait, mistakes = retry_after_seconds, tuple(_mistakes(problem.get("mistakes")))
    return kind(title, detail, remedy, status=status, retry_after_seconds=wait, mistakes=mistakes)


def _mistakes(told: object) -> Iterator[tuple[str, str]]:
    """Each thing that is wrong, and what to do about it, as far as the answer tells."""
    for one in told if isinstance(told, list) else ():
        if isinstance(one, Mapping):
            yield str(one.get("detail") or ""), str(one.get("remedy") or "")
