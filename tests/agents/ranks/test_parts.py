"""Parts of the rank controller that need no centre: ports, notes, the wait for free GPUs, and records."""

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest
from bostan_agent.crew import Crew
from bostan_agent.devices.errors import DevicesHung
from bostan_agent.journal import Fence
from bostan_agent.ranks.exits import exited
from bostan_agent.ranks.notes import Notes, Outputs, Told, noted_ranks, offer_note
from bostan_agent.ranks.ports import NoPort, Ports
from bostan_agent.ranks.release import until_free
from bostan_agent.ranks.reports import record, usage
from bostan_agent.ranks.values import Assignment
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.records import Cause, ExitRecord
from bostan_agent.shim.spec import RankKey
from bostan_agent.tasks import only_own_cancellation, until_one_fails
from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Offer, Released
from structlog.testing import capture_logs

KEY = RankKey("a1", 0)
ASSIGNMENT = Assignment(KEY, Fence(1, 2), Offer(argv=["true"], gpu_uuids=["G1"]), 7)


# Ports -------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_port_is_given_once_until_it_is_let_go():
    port = free_port()
    ports = Ports(port, port)
    assert ports.take() == port
    with pytest.raises(NoPort, match=f"no port from {port} to {port} is free"):
        ports.take()
    ports.let_go(port)
    assert ports.take() == port
    ports.close()


def test_a_port_that_somebody_listens_on_is_not_given():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(NoPort):
            Ports(port, port).take()


def test_a_port_that_was_let_go_can_be_bound_by_the_rank_at_once():
    ports = Ports(20_000, 29_999)
    port = ports.take()
    ports.let_go(port)
    socket.create_server(("0.0.0.0", port)).close()


# Notes -------------------------------------------------------------------------------------------


def test_notes_come_back_as_they_were_written():
    notes = Notes("boot", 7, 20_000, Told.ENDED, Stamp(1, 2.5), Stamp(3, 4.5), True, 5, 4, Outputs.SETTLED, 9)
    kept = {"a1.0": notes.to_json(), **offer_note(ASSIGNMENT)}
    assert noted_ranks(kept) == [(ASSIGNMENT, notes)]


@pytest.mark.parametrize(
    ("changes", "delivered"),
    [
        ({}, True),
        ({"released": False}, False),
        ({"outputs": Outputs.PENDING}, False),
        ({"checkpoint_declared": 3}, False),
        ({"checkpoint_declared": 3, "checkpoint_settled": 3}, True),
    ],
)
def test_a_rank_is_delivered_when_its_gpus_are_free_and_its_files_are_settled(changes, delivered):
    fields = {"released": True, "outputs": Outputs.SETTLED, **changes}
    assert Notes("boot", 0, 0, **fields).delivered is delivered


# Waiting for free GPUs ---------------------------------------------------------------------------


class Devices:
    """Answers as told, the last answer for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def processes(self, uuids):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def of_rank(tmp_path):
    """A living process of the rank whose socket is returned with it."""
    mark = {**os.environ, "BOSTAN_SHIM_SOCKET": str(tmp_path / "sock")}
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=mark)
    yield process.pid, tmp_path / "sock"
    process.communicate()


DEAD_PID = 2**22 + 1


async def freed(devices, socket_path, quick_seconds=5.0, gpus=("G1",)):
    async with asyncio.timeout(10):
        await until_free(devices, gpus, socket_path, quick_seconds)
    return devices.asked


async def test_without_gpus_nobody_is_asked(tmp_path):
    assert await freed(Devices({}), tmp_path / "sock", gpus=()) == 0


async def test_gpus_that_show_nobody_are_free_at_once(tmp_path):
    assert await freed(Devices({"G1": frozenset()}), tmp_path / "sock") == 1


async def test_a_strangers_process_does_not_hold_them(tmp_path):
    assert await freed(Devices({"G1": frozenset({os.getpid()})}), tmp_path / "sock") == 1


async def test_a_process_of_the_rank_holds_them_until_it_is_gone(of_rank):
    pid, socket_path = of_rank
    shown = {"G1": frozenset({pid})}
    assert await freed(Devices(shown, shown, {"G1": frozenset()}), socket_path) == 3


async def test_a_pid_that_is_gone_holds_them_while_the_driver_still_shows_it(tmp_path):
    shown = {"G1": frozenset({DEAD_PID})}
    assert await freed(Devices(shown, {"G1": frozenset()}), tmp_path / "sock") == 2


async def test_devices_that_hang_hold_them(tmp_path):
    assert await freed(Devices(DevicesHung(), {}, {"G1": frozenset()}), tmp_path / "sock") == 3


@pytest.mark.parametrize("unclear", [{}, {"G1": frozenset({DEAD_PID})}])
async def test_what_stays_unclear_for_too_long_does_not_hold_them_for_ever(tmp_path, unclear):
    began = time.monotonic()
    assert await freed(Devices(unclear), tmp_path / "sock", quick_seconds=0.05) > 2
    assert time.monotonic() - began >= 0.05


# Records -----------------------------------------------------------------------------------------


def test_a_record_without_fields_still_says_what_it_is():
    made = JournalRecord.FromString(record(KEY, Fence(1, 2), Released()).SerializeToString())
    assert made.WhichOneof("body") == "released"
    assert (made.rank.attempt_id, made.fencing.counter) == ("a1", 2)


def test_a_segment_carries_both_its_ends():
    segment = usage(("G1",), Stamp(1, 1.5), Stamp(2, 2.5), None)
    assert getattr(segment, "from").unix_ns == 1_500_000_000
    assert (segment.until.boottime_ns, segment.HasField("energy_millijoules")) == (2, False)


def test_output_read_after_the_end_was_written_before_it():
    end = ExitRecord(
        "a1",
        0,
        Cause.EXITED,
        None,
        9,
        None,
        "boot",
        Stamp(1, 0),
        Stamp(9, 0),
        None,
        Stamp(5, 0),
        3,
        2,
        0,
        True,
    )
    message = exited(end, checkpoint_pending=False, output_pending=False)
    assert message.first_output == message.ended
    assert (message.signal, message.log_bytes) == (9, 3)
    assert message.detail == "it used more memory than its limit; 2 bytes of its log could not be written"


# Tasks -------------------------------------------------------------------------------------------


async def test_a_failure_that_nobody_expected_is_kept_for_the_agent():
    crew = Crew()

    async def fail():
        raise RuntimeError("unexpected")

    crew.spawn(fail())
    with capture_logs() as lines, pytest.raises(RuntimeError, match="unexpected"):
        await crew.failed
    assert [line["event"] for line in lines] == ["the agent cannot go on"]
    await crew.close()


async def test_when_one_fails_the_others_are_cancelled():
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def fail():
        await asyncio.sleep(0)
        raise ValueError

    with pytest.raises(ValueError):
        await until_one_fails(wait(), fail())
    assert ended == [True]


async def test_a_call_that_says_cancelled_is_not_taken_for_ones_own_end():
    with pytest.raises(ConnectionError), only_own_cancellation(ConnectionError()):
        raise asyncio.CancelledError

    async def wait():
        with only_own_cancellation(ConnectionError()):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
