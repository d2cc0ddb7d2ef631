"""What the centre's commands share: options, settings, and errors told in a line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from bostan.errors import BostanError, InvalidFile

from bostan_scheduler.errors import CentreError
from bostan_scheduler.service.ports import StoreError
from bostan_scheduler.settings import CentreSettings, load

Config = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.", dir_okay=False)]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the store, files, logs and lock.")
]

TokenId = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `token list` shows it.")]


def settings_from(config: Path | None, flags: dict[str, Any]) -> CentreSettings:
    """The settings in force. Raises `InvalidFile`."""
    return load({key: value for key, value in flags.items() if value is not None}, os.environ, config)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What an operator can mend is said, each mistake in a line; anything else is a fault of ours, and shows itself whole."""
    try:
        yield
    except InvalidFile as error:
        for problem in error.problems:
            say(str(problem))
        raise typer.Exit(2) from None
    except BostanError as error:
        say(str(error))
        raise typer.Exit(2) from None
    except (CentreError, StoreError) as error:
        say(str(error))
        raise typer.Exit(1) from None


def say(text: str) -> None:
    """Tell a person, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """The result, on standard output."""
    sys.stdout.write(f"{text}\n")
