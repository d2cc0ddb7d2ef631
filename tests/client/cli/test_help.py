"""Every command explains itself, shows an example that it would take, and prints JSON when asked."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from bostan.cli.app import COMMANDS, GROUPS, app

INSTALLED = str(Path(sys.executable).with_name("bostan"))
EVERY = [((name,), function, example) for name, function, example in COMMANDS] + [
    ((*group.split(), name), function, example)
    for group, _, commands in GROUPS
    for name, function, example in commands
]
EACH = pytest.mark.parametrize(
    ("path", "function", "example"), EVERY, ids=[" ".join(each[0]) for each in EVERY]
)


@EACH
def test_help_shows_the_example_and_the_output_formats(anybody, path, function, example):
    told = anybody(*path, "--help")
    assert told.code == 0
    assert example in " ".join(told.out.split())
    assert "--output <table|json>" in told.out
    assert max(map(len, told.out.splitlines())) <= 80


@EACH
def test_the_example_is_one_that_the_command_takes(path, function, example):
    words = shlex.split(example)
    assert words[: len(path) + 1] == ["bostan", *path]
    command = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    context = command.make_context(path[-1], words[len(path) + 1 :])
    assert context.params["output"] == "table"


@EACH
def test_a_command_says_in_a_sentence_what_it_does(path, function, example):
    first = function.__doc__.splitlines()[0]
    assert first.endswith(".")
    assert first[0].isupper()


def test_the_top_lists_every_command(anybody):
    told = anybody("--help")
    listed = [line.split()[0] for line in told.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == [name for name, _, _ in COMMANDS] + [name for name, _, _ in GROUPS if " " not in name]
    assert "..." not in told.out.partition("Commands:")[2]


def test_without_words_the_help_is_shown(anybody):
    assert "Commands:" in (anybody().out + anybody().err)


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["jobs", "--colour"], ["show"], ["logs", "j1", "--rank", "-1"], ["jobs", "-o", "xml"]],
)
def test_wrong_usage_exits_with_2(anybody, words):
    assert anybody(*words).code == 2


@pytest.mark.parametrize(
    ("words", "said", "see"),
    [
        (["frobnicate"], "No such command 'frobnicate'", "bostan --help"),
        (["--colour"], "No such option: --colour", "bostan --help"),
        (["jobs", "--colour"], "No such option: --colour", "bostan jobs --help"),
        (["show"], "Missing argument 'JOB'", "bostan show --help"),
        (["logs", "j1", "--rank", "-1"], "Invalid value for '--rank': ", "bostan logs --help"),
        (["token", "create", "ada"], "Missing option '--role'", "bostan token create --help"),
        (["token", "mint"], "No such command 'mint'", "bostan token --help"),
    ],
)
def test_wrong_usage_is_told_as_all_else_is(anybody, words, said, see):
    told = anybody(*words)
    assert (told.code, told.out) == (2, "")
    first, second = told.err.splitlines()
    assert first.startswith(f"error: {said}")
    assert second == f" next: {see}"


def test_the_version(anybody):
    import bostan

    assert anybody("--version").out == f"bostan {bostan.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_each_shell(shell):
    script = subprocess.run(
        [INSTALLED],
        env={"PATH": "/usr/bin:/bin", "_BOSTAN_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "complete" in script.stdout


def test_completion_knows_the_commands():
    completed = subprocess.run(
        [INSTALLED],
        env={
            "PATH": "/usr/bin:/bin",
            "_BOSTAN_COMPLETE": "complete_bash",
            "COMP_WORDS": "bostan re",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert completed.stdout.split() == ["requeue", "reservations"]


def test_help_starts_without_what_only_commands_need(record_property):
    import time

    began = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bostan.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    record_property("help_start_ms", round((time.perf_counter() - began) * 1000))
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"httpx", "pydantic", "rich", "yaml", "pathspec", "platformdirs", "asyncio"}


def test_the_package_loads_nothing_until_it_is_used():
    program = "import sys, bostan; before = set(sys.modules); bostan.JobSpec; print('httpx' in before, 'pydantic' in before, hasattr(bostan, 'Clint'))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == ["False", "False", "False"]


def test_everything_the_package_names_is_there():
    import bostan

    assert [name for name in bostan.__all__ if getattr(bostan, name) is None] == []
    assert set(dir(bostan)) == set(bostan.__all__)
