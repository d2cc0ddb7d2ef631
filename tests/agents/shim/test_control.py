"""Who may ask a shim for what, and what happens to those who talk nonsense."""

import contextlib
import itertools
import os
import socket
import sys

import pytest
from bostan_agent.shim.control import CLIENTS_MAX, REQUEST_BYTES_MAX

JOB = """
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["BOSTAN_SHIM_SOCKET"])
line.sendall(b'%s\\n')
print(line.makefile().readline())
"""


@pytest.fixture
def rank(bench):
    made = bench.shell("echo up; exec sleep 1000")
    made.prints(b"up")
    return made


def pour(line, data):
    """Send and never read, until the other side has had enough."""
    for _ in itertools.repeat(None):
        line.connection.sendall(data)


@pytest.mark.parametrize(
    "request_line", ['{"do": "renew", "deadline_boottime_ns": 9}', '{"do": "stop"}', '{"do": "watch"}']
)
def test_a_job_does_not_command_its_own_shim(bench, request_line):
    rank = bench.python(JOB % request_line)
    rank.ended()
    assert b"is the agent's, not the rank's" in rank.log()


def test_a_hidden_process_of_the_job_does_not_either(bench):
    hide = "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"
    source = hide + JOB % '{"do": "renew", "deadline_boottime_ns": 9}'
    rank = bench.launch(bench.spec(["sh", "-c", '"$0" -c "$1"; exec sleep 1000', sys.executable, source]))
    rank.prints(b"is the agent's, not the rank's")


def test_a_job_may_ask_how_it_is(bench):
    rank = bench.python(JOB % '{"do": "status"}')
    rank.ended()
    assert b'"phase": "running"' in rank.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_another_user_is_not_heard(bench, rank):
    bench.folder.parent.chmod(0o755)
    rank.folder.chmod(0o755)
    (rank.folder / "sock").chmod(0o777)
    pid = os.fork()
    if pid == 0:
        os.setuid(65534)
        heard = b"?"
        try:
            line = rank.line()
            line.connection.sendall(b'{"do": "status"}\n')
            heard = line.connection.recv(100)
        except OSError:
            heard = b""
        os._exit(len(heard))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("request_fields", "words"),
    [
        ({"do": "dance"}, "unknown request 'dance'"),
        ({}, "unknown request 'None'"),
        ({"do": "renew"}, "field 'deadline_boottime_ns' is missing"),
        ({"do": "renew", "deadline_boottime_ns": "soon"}, "must be int, not str"),
        ({"do": "stop", "checkpoint": 1, "grace_seconds": 1}, "field 'checkpoint' must be bool"),
        ({"do": "stop", "checkpoint": True, "grace_seconds": -1}, "must be 0 or more"),
        ({"do": "checkpoint_done", "step": "last"}, "field 'step' must be int"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(rank, request_fields, words):
    reply = rank.line().ask(**request_fields)
    assert reply["reply"] == "refused"
    assert words in reply["message"]
    assert rank.launch.ask(do="status")["phase"] == "running"


@pytest.mark.parametrize("noise", [b"hello\n", b"[1]\n", b"\xff\xfe\n", b"\n"])
def test_noise_is_refused_and_survived(rank, noise):
    line = rank.line()
    line.connection.sendall(noise)
    assert next(line.records())["message"] == "a request is one JSON object a line"
    assert rank.launch.ask(do="status")["phase"] == "running"


def test_a_request_without_end_is_cut_off(rank):
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        pour(rank.line(), b"x" * REQUEST_BYTES_MAX)
    assert rank.launch.ask(do="status")["phase"] == "running"


def test_who_does_not_read_is_cut_off(rank):
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        pour(rank.line(), b'{"do": "status"}\n' * 100)
    assert rank.launch.ask(do="status")["phase"] == "running"


def test_more_clients_than_allowed_are_turned_away(rank):
    lines = [rank.line() for _ in range(CLIENTS_MAX + 5)]
    served = 0
    for line in lines:
        with contextlib.suppress(StopIteration, BrokenPipeError, ConnectionResetError):
            served += line.ask(do="status")["reply"] == "ok"
    # The line of its launch is one of them.
    assert served == CLIENTS_MAX - 1


def test_a_job_that_hoards_connections_does_not_lock_the_agent_out(bench):
    source = """
import os, socket, time
lines = []
for _ in range(60):
    lines.append(socket.socket(socket.AF_UNIX))
    lines[-1].connect(os.environ["BOSTAN_SHIM_SOCKET"])
print("hoarded")
time.sleep(1000)
"""
    rank = bench.python(source)
    rank.prints(b"hoarded")
    assert rank.line().ask(do="status")["reply"] == "ok"


def test_a_folder_deeper_than_a_socket_address_is_served(bench):
    bench.folder = bench.folder / ("d" * 100) / ("e" * 100)
    bench.folder.mkdir(parents=True)
    rank = bench.shell("exec sleep 1000")
    rank.launch.event("started")
    assert rank.line().ask(do="status")["reply"] == "ok"
    with socket.socket(socket.AF_UNIX) as plain, pytest.raises(OSError, match="too long"):
        plain.connect(str(rank.folder / "sock"))
