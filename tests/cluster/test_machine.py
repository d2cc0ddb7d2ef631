"""What a centre does to its machine: locks, ports, and the processes that an earlier one has left."""

import json
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from bostan_scheduler.cluster.leftovers import end_leftovers, record
from bostan_scheduler.cluster.lock import FolderUnusable, lock
from bostan_scheduler.cluster.ports import (
    PortInUse,
    fixed,
    listening,
    loopback,
    refuse_taken,
    refuse_unsafe,
    split,
)
from bostan_scheduler.errors import FolderInUse, UnsafeAddress
from bostan_scheduler.settings import CentreSettings

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_one_centre_a_folder(tmp_path):
    lock(tmp_path / "data")
    with pytest.raises(FolderInUse, match="another centre runs on"):
        lock(tmp_path / "data")
    assert oct((tmp_path / "data").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize(
    ("address", "host", "port", "only_here"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("localhost:8440", "localhost", 8440, True),
        ("0.0.0.0:1", "0.0.0.0", 1, False),
        ("centre.example.org:443", "centre.example.org", 443, False),
    ],
)
def test_addresses(address, host, port, only_here):
    assert split(address) == (host, port)
    assert loopback(address) is only_here


@pytest.mark.parametrize("name", ["listen", "agents_listen"])
def test_an_open_address_without_tls_needs_the_word(name):
    with pytest.raises(UnsafeAddress, match="--insecure"):
        refuse_unsafe(CentreSettings(**{name: "0.0.0.0:8440"}))
    refuse_unsafe(CentreSettings(**{name: "0.0.0.0:8440", "insecure": True}))


def test_a_port_is_picked_once_and_shared_by_fronts():
    settings = fixed(CentreSettings(listen="127.0.0.1:0", agents_listen="127.0.0.1:0"))
    assert settings.listen != settings.agents_listen
    assert fixed(settings) == settings
    first, second = listening(settings.listen), listening(settings.listen)
    with socket.create_connection(split(settings.listen), timeout=5):
        first.close()
        second.close()


@pytest.mark.parametrize("name", ["listen", "agents_listen"])
def test_no_second_centre_shares_the_ports_of_the_first(name):
    settings = fixed(CentreSettings(listen="127.0.0.1:0", agents_listen="127.0.0.1:0"))
    refuse_taken(settings)
    with listening(getattr(settings, name)), pytest.raises(PortInUse, match=f"^{name}: .*another with --"):
        refuse_taken(settings)
    refuse_taken(settings)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnusable, match=r"file/data cannot be made .*--data-dir"):
        lock(tmp_path / "file" / "data")


@pytest.fixture
def family(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    yield psutil.Process(parent.pid), child
    for one in (child, parent):
        if one.is_running() if isinstance(one, psutil.Process) else one.poll() is None:
            one.kill()
    parent.wait()
    parent.stdout.close()


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_a_killed_centre_has_left_is_ended_with_its_children(tmp_path, family):
    path = tmp_path / "processes.json"
    parent, child = family
    record(path, [parent])
    assert end_leftovers(path, timeout_seconds=0.5) == 2
    deadline = time.monotonic() + 10
    while not (gone(parent) and gone(child)):
        assert time.monotonic() < deadline
    assert not path.exists()


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(tmp_path, family):
    path = tmp_path / "processes.json"
    parent, _ = family
    path.write_text(json.dumps([{"pid": parent.pid, "created": parent.create_time() - 100}]))
    assert end_leftovers(path) == 0
    assert not gone(parent)
    parent.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("text", ["", "not json"])
def test_a_torn_record_is_no_record(tmp_path, text):
    path = tmp_path / "processes.json"
    path.write_text(text)
    assert end_leftovers(path) == 0
