"""What a front has just heard: gauges by node, and that there are new events."""

import asyncio

from bostan_scheduler.board import EventSignal, GpuReading, Telemetry


def test_the_newest_gauges_of_each_node_and_no_more_nodes_than_allowed():
    board = Telemetry(nodes_max=2)
    board.put("p/a", 1, {"gpu-1": GpuReading(utilisation_percent=5)})
    board.put("p/b", 2, {})
    board.put("p/a", 3, {"gpu-1": GpuReading(utilisation_percent=9)})
    board.put("p/c", 4, {})
    assert board.of("p/b") is None
    newest = board.of("p/a")
    assert newest is not None
    assert (newest.at, newest.gpus["gpu-1"].utilisation_percent) == (3, 9)
    board.forget("p/a")
    board.forget("p/a")
    assert board.of("p/a") is None


async def test_watchers_are_woken_by_newer_events_alone():
    signal = EventSignal()
    signal.tell(5)
    assert await signal.wait_beyond(4, 0) is True
    assert await signal.wait_beyond(5, 0.01) is False
    watcher = asyncio.create_task(signal.wait_beyond(5, 30))
    await asyncio.sleep(0)
    signal.tell(3)
    signal.tell(6)
    assert await watcher is True
    assert signal.up_to == 6
