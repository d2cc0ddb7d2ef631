"""The exit codes, told where they are needed."""

from __future__ import annotations

from typing import Final

from bostan.cli.failures import DETACHED
from bostan.cli.options import Format, Output
from bostan.errors import EXIT_CODES

ALL: Final = {
    **EXIT_CODES,
    DETACHED: "interrupted with Ctrl-C; a job that was followed goes on",
}
FOLLOWED: Final = (
    "A command that follows a job to its end (run, submit --follow, wait) exits with the job's own code,",
    "or with 128 + the number of the signal that ended it.",
)


def exit_codes(output: Output = Format.TABLE) -> None:
    """List what each exit code means."""
    from bostan.cli.output import write

    if output is Format.JSON:
        import json

        write(json.dumps({str(code): meaning for code, meaning in ALL.items()}))
        return
    for code, meaning in ALL.items():
        write(f"{code:>3}  {meaning}")
    for line in FOLLOWED:
        write(line)
