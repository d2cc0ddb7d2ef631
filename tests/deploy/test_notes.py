"""The chart's notes: every command of ours that they tell a reader to type exists, with the flags that they give."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {"bostan", "bostan-scheduler"}
WORD = re.compile("[a-z]+(-[a-z]+)*")
COMMANDS = ["bostan drain", "bostan login", "bostan-scheduler token create"]


def test_the_notes_name_these_commands(gen_chart):
    assert sorted(commands(gen_chart.golden("everything"))) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_exists_with_its_flags(command, gen_chart):
    flags = commands(gen_chart.golden("everything"))[command]
    program, *words = command.split()
    ask = [str(Path(sys.executable).parent / program), *words, "--help"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {flag for flag in flags if flag not in done.stdout} == set()


def commands(golden: str) -> dict[str, set[str]]:
    """Each command of ours in the notes, and its flags."""
    notes = "\n".join(line.removeprefix("#") for line in golden.partition("---\n")[0].splitlines()[1:])
    found = {}
    for line in notes.replace("\\\n", " ").splitlines():
        tokens = [token.strip("`(),.") for token in line.split()]
        for start in (place for place, token in enumerate(tokens) if token in PROGRAMS):
            words = itertools.takewhile(WORD.fullmatch, tokens[start:])
            found[" ".join(words)] = {token for token in tokens[start:] if token.startswith("--")}
    return found
