"""The small parts between the child and the agent: batches, the mailbox, the tally, what is believed of an answer."""

import asyncio
import re
from pathlib import Path

import bostan_agent
import pytest
from bostan_agent.devices import parse, wire
from bostan_agent.devices.batch import Batch
from bostan_agent.devices.errors import DevicesHung, DevicesUnclear, DriverMissing
from bostan_agent.devices.mailbox import Mailbox
from bostan_agent.devices.port import (
    EventsInterrupted,
    Gpu,
    Inventory,
    Link,
    LinkKind,
    MigInstance,
    Problem,
    ProblemCode,
    Reading,
    RemappedRows,
    Telemetry,
    ThrottleReason,
    XidSeen,
)
from bostan_agent.devices.supervision import Supervision
from bostan_agent.devices.tally import Tally


class Slow:
    """Answers when told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.fails = False

    async def __call__(self, uuids):
        self.asked.append(uuids)
        self.begun.set()
        await self.go.wait()
        if self.fails:
            raise DevicesHung
        return {uuid: frozenset({len(self.asked)}) for uuid in uuids}


async def test_questions_that_come_while_one_is_answered_share_the_next():
    slow = Slow()
    batch = Batch(slow)
    first = asyncio.create_task(batch.ask(["a"]))
    await slow.begun.wait()
    later = [asyncio.create_task(batch.ask([name])) for name in "abcb"]
    await asyncio.sleep(0)
    slow.go.set()
    assert await first == {"a": {1}}
    assert [await task for task in later] == [{"a": {2}}, {"b": {2}}, {"c": {2}}, {"b": {2}}]
    assert slow.asked == [{"a"}, {"a", "b", "c"}]


async def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    slow = Slow()
    batch = Batch(slow)
    leaver, stayer = asyncio.create_task(batch.ask(["a"])), asyncio.create_task(batch.ask(["b"]))
    await slow.begun.wait()
    leaver.cancel()
    slow.go.set()
    assert await stayer == {"b": {1}}


async def test_a_failure_reaches_all_who_asked_and_not_the_next():
    slow = Slow()
    slow.fails = True
    slow.go.set()
    batch = Batch(slow)
    outcomes = await asyncio.gather(batch.ask(["a"]), batch.ask(["b"]), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DevicesHung, DevicesHung]
    slow.fails = False
    assert await batch.ask(["a"]) == {"a": {2}}


async def test_a_full_mailbox_drops_the_oldest_and_says_so():
    mailbox = Mailbox(events_max=2)
    for xid in (1, 2, 3, 4):
        mailbox.put(XidSeen("g", xid, float(xid)))
    mailbox.close()
    told = [event async for event in mailbox.read()]
    assert isinstance(told[0], EventsInterrupted)
    assert [event.xid for event in told[1:]] == [3, 4]


def test_xids_are_counted_by_gpu_and_a_silent_gpu_still_shows_its_own():
    tally = Tally()
    for gpu, xid, at in (("a", 79, 1.0), ("a", 79, 5.0), ("a", 31, 6.0), ("b", 13, 7.0)):
        tally.count(XidSeen(gpu, xid, at))
    seen = tally.added_to(Telemetry(9.0, (Reading("a", power_milliwatts=5), Reading("c"))))
    by_gpu = {reading.uuid: reading for reading in seen.readings}
    assert [(x.xid, x.count, x.first_seen_seconds, x.last_seen_seconds) for x in by_gpu["a"].xids] == [
        (79, 2, 1.0, 5.0),
        (31, 1, 6.0, 6.0),
    ]
    assert by_gpu["a"].power_milliwatts == 5
    assert by_gpu["b"] == Reading("b", xids=tally.of("b"))
    assert by_gpu["c"].xids == ()


def test_a_garbled_driver_cannot_make_the_tally_grow_for_ever():
    tally = Tally()
    for xid in range(1000):
        tally.count(XidSeen("a", xid, 1.0))
    assert len(tally.of("a")) == 256


def test_every_value_survives_the_way_through_the_pipe():
    gpu = Gpu("GPU-1", "H100", 1, "0000:01:00.0", mig_instances=(MigInstance("MIG-1", "x 1g.5gb", 5, 1, 0),))
    problem = Problem(ProblemCode.GPU_LOST, "GPU-2", "lost")
    inventory = Inventory("550", None, (gpu,), (Link("a", "b", LinkKind.NVLINK, 4),), (problem,))
    reading = Reading(
        "GPU-1", throttle_reasons=(ThrottleReason.IDLE,), remapped_rows=RemappedRows(1, 2, True, False)
    )
    telemetry = Telemetry(1.5, (reading,), (problem,))

    def through(value):
        return wire.from_line(wire.to_line({"answer": wire.plain(value)}))["answer"]

    assert parse.inventory(through(inventory)) == inventory
    assert parse.telemetry(through(telemetry)) == telemetry
    assert parse.event("XidSeen", through(XidSeen("g", 79, 1.0))) == XidSeen("g", 79, 1.0)
    assert parse.processes({"g": [3, 4]}) == {"g": {3, 4}}
    assert gpu.mig_instances[0].profile == "1g.5gb"


@pytest.mark.parametrize(
    ("understand", "answer", "place"),
    [
        (parse.inventory, None, "answer"),
        (parse.inventory, {"gpus": [{"uuid": 5}]}, "driver_version"),
        (parse.telemetry, {"at_seconds": "soon", "readings": []}, "at_seconds"),
        (parse.processes, {"g": ["x"]}, "g"),
        (lambda value: parse.event("XidSeen", value), {"gpu": "g", "xid": None, "at_seconds": 1}, "xid"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_place(understand, answer, place):
    with pytest.raises(DevicesUnclear, match=f"not understood at {place}"):
        understand(answer)


def test_the_childs_word_for_an_error_is_believed_only_where_it_may_know():
    with pytest.raises(DriverMissing):
        parse.refusal("DriverMissing", "none here")
    with pytest.raises(DevicesUnclear, match="boo"):
        parse.refusal("SystemExit", "boo")


def test_more_questions_at_once_than_the_child_takes_cannot_be_set():
    with pytest.raises(AssertionError):
        Supervision(questions_max=wire.REQUESTS_MAX + 1)


def importers_of(words: str) -> set[str]:
    """Modules of the agent with such an import."""
    root = Path(bostan_agent.__file__).parent
    pattern = re.compile(rf"^\s*(from|import) {words}\b", re.MULTILINE)
    return {str(path.relative_to(root)) for path in root.rglob("*.py") if pattern.search(path.read_text())}


def test_one_module_imports_pynvml():
    assert importers_of("pynvml") == {"devices/nvml.py"}


def test_above_the_port_only_who_puts_the_agent_together_knows_that_devices_may_be_simulated():
    knowing = {name for name in importers_of(r"bostan_agent\.devices\.simulated") if "devices/" not in name}
    assert knowing <= {"agent.py", "main.py"}
