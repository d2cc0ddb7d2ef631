"""`bostan` as a process of its own: Ctrl-C leaves the job alone, a closed pipe ends it quietly."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

BOSTAN = [sys.executable, "-m", "bostan.cli"]


@pytest.fixture
def environment(centre, home):
    return {**os.environ, "BOSTAN_URL": centre.url, "BOSTAN_TOKEN": "secret", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def endless(centre, make_log):
    """A log that never ends, until the test does."""
    over = threading.Event()

    def stream() -> Iterator[bytes]:
        yield make_log(1, 0, b"step 1\n")
        while not over.wait(0.02):
            yield b": heartbeat\n\n"

    centre.streams = [stream()]
    yield
    over.set()


@pytest.mark.parametrize(
    "words", [["run", "--no-work-dir", "--", "train"], ["logs", "-f", "job-1"]], ids=["run", "logs"]
)
def test_ctrl_c_leaves_the_job_alone_and_says_how_to_come_back(environment, centre, make_job, endless, words):
    centre.states = [make_job(phase="active", state="running")]
    with subprocess.Popen(
        [*BOSTAN, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"step 1\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert b"Detached; job-1 goes on. Come back: bostan logs -f job-1" in err
    assert b"Traceback" not in err
    assert not any("cancel" in path for _, path in centre.asked)


def test_ctrl_c_while_it_waits_leaves_the_job_alone(environment, centre, make_job):
    wait = {"reason": "quota-full", "sentence": "acme uses 8 of 8 GPUs"}
    centre.states = [make_job(wait=wait)]
    with subprocess.Popen(
        [*BOSTAN, "run", "--no-work-dir", "--", "x"], env=environment, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        while b"acme uses 8 of 8 GPUs" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Come back: bostan logs -f job-1" in err


def test_a_reader_that_leaves_ends_the_command_quietly(environment, centre):
    centre.log = b"x" * 2_000_000
    with subprocess.Popen(
        [*BOSTAN, "logs", "job-1"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(10) == b"x" * 10
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(20)
    assert process.returncode == 1
    assert err == b""


def test_nothing_moves_where_there_is_no_terminal(environment, centre, home):
    (home / "train.py").write_text("print()")
    told = subprocess.run(
        [*BOSTAN, "run", "-d", "--", "x"], env=environment, capture_output=True, check=True, timeout=60
    )
    assert told.stdout == b"Submitted job-1\n"
    assert told.stderr == b"Follow it: bostan logs -f job-1\n"


def test_the_installed_command_is_the_module(environment):
    command = str(Path(sys.executable).with_name("bostan"))
    told = [
        subprocess.run(
            [*each, "whoami", "-o", "json"], env=environment, capture_output=True, check=True, timeout=60
        ).stdout
        for each in ([command], BOSTAN)
    ]
    assert told[0] == told[1] != b""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the end that is watched, and the end that a program writes to."""
    watched, written = pty.openpty()
    yield watched, written
    for end in (watched, written):
        os.close(end)


def seen_until(watched: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        ready, _, _ = select.select([watched], [], [], 20)
        assert ready, f"{words!r} never came: {seen!r}"
        seen += os.read(watched, 65536)
    return seen


def test_on_a_terminal_the_wait_moves_and_ctrl_c_stops_it(environment, centre, make_job, terminal):
    watched, written = terminal
    centre.states = [make_job(wait={"reason": "quota-full", "sentence": "acme uses 8 of 8 GPUs"})]
    with subprocess.Popen(
        [*BOSTAN, "wait", "job-1"], env={**environment, "TERM": "xterm"}, stderr=written
    ) as process:
        seen_until(watched, b"acme uses 8 of 8 GPUs")
        process.send_signal(signal.SIGINT)
        seen_until(watched, b"Come back: bostan logs -f job-1")
        assert process.wait(20) == 130


def test_on_a_terminal_an_upload_shows_its_bar(environment, centre, home, terminal):
    watched, written = terminal
    (home / "train.py").write_text("print()")
    with subprocess.Popen(
        [*BOSTAN, "run", "-d", "--", "x"], env={**environment, "TERM": "xterm"}, stderr=written
    ) as process:
        assert b"uploading" in seen_until(watched, b"Follow it")
        assert process.wait(20) == 0
