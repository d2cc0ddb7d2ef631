"""The pages: whatever command they show is one that the program takes, so that nobody types it in vain."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from bostan.cli.app import app
from bostan_agent.main import _parser
from bostan_scheduler.commands import app as centre_app

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^\|.*\| `(bostan[^`]*)` \|$", re.MULTILINE)
COMMAND = re.compile(r"^(?:\$ )?(bostan(?:-agent|-scheduler)? .*)$", re.MULTILINE)


def shown(text: str) -> Iterator[list[str]]:
    """The words of each command in a page's console blocks and in the last column of its tables."""
    blocks = [block for language, block in BLOCK.findall(text) if language in ("", "console")]
    lines = [line for block in blocks for line in COMMAND.findall(block)]
    for line in [*lines, *TABLE.findall(text)]:
        for part in line.split(" && "):
            yield shlex.split(part, comments=True)


def takes(words: list[str]) -> bool:
    """Whether the program knows the command, every option of it, and how many words it needs."""
    program, *rest = words
    if program == "bostan-agent":
        try:
            _parser().parse_args(rest)
        except SystemExit:
            return False
        return True
    command = typer.main.get_command(centre_app if program == "bostan-scheduler" else app)
    try:
        while hasattr(command, "commands") and rest and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        command.make_context(program, rest)
    except Exception as exc:  # noqa: BLE001
        # What stands for a file on a page is no file here.
        return "does not exist" in str(exc)
    return not hasattr(command, "commands")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_a_page_is_taken(page):
    assert [" ".join(words) for words in shown(page.read_text()) if not takes(words)] == []


def test_the_readme_shows_each_of_the_three_programs():
    programs = {words[0] for words in shown((ROOT / "README.md").read_text())}
    assert programs == {"bostan", "bostan-agent", "bostan-scheduler"}


@pytest.mark.parametrize(
    "line",
    [
        "bostan login --url https://a.example",
        "bostan jobz",
        "bostan token",
        "bostan why",
        "bostan-agent run --gpus 2",
        "bostan-scheduler token create --name ada",
    ],
)
def test_a_command_that_is_not_taken_is_seen(line, capsys):
    page = f"```console\n$ {line}   # why\n```\n"
    assert [takes(words) for words in shown(page)] == [False]
