"""Gangs over two nodes and lines that are cut: nothing starts by halves, nothing is given away before a lease has ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_scheduler.core.reports import CancelAsked, NodeConfirmedDead
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.rpc.translate.clock import BootClock
from bostan_scheduler.service.messages import Done, Tell
from link import QUICK, Centre, Node, boottime_ns, until


@asynccontextmanager
async def pair(centre: Centre) -> AsyncIterator[tuple[tuple[Node, Any], tuple[Node, Any]]]:
    """Two nodes of a park with a session each."""
    async with centre.node("n1") as first, centre.node("n2") as second:
        yield (first, await first.connect()), (second, await second.connect())


async def test_a_gang_starts_when_both_nodes_have_accepted_and_meets_at_rank_0(centre: Centre) -> None:
    async with pair(centre) as ((first, call1), (second, call2)):
        await centre.submit("j1", gpus=2, replicas=2)
        await first.accept(call1)
        assert centre.attempt("j1") == "Offered"
        await second.accept(call2)
        for node, call in ((first, call1), (second, call2)):
            start = await node.want(call, "start")
            assert [(one.rank, one.port) for one in start.start.addresses] == [(0, 4000), (1, 4000)]
            await node.say(call, start, started=ranks.Started(pid=1))
            node.hold(start, ranks.RANK_STATE_RUNNING)
        assert centre.attempt("j1") == "Running"


async def test_when_one_node_refuses_nothing_starts(centre: Centre) -> None:
    async with pair(centre) as ((first, call1), (second, call2)):
        await centre.submit("j1", gpus=2, replicas=2, retries=no_retries())
        await first.accept(call1)
        entry = await second.want(call2, "offer")
        await second.say(call2, entry, refused=ranks.Refused(reason="no-space", detail="disk full"))
        release = await first.want(call1, "release")
        await first.say(call1, release, released=ranks.Released())
        assert centre.phase("j1") == "StartFailed"
        assert all(not wanted_to_start(node) for node in (first, second))


def no_retries() -> Any:
    from bostan_scheduler.core.job import Retries

    return Retries(0, 0, 0)


def wanted_to_start(node: Node) -> bool:
    said = (message.desired for message in node.heard if message.WhichOneof("body") == "desired")
    return any(entry.WhichOneof("want") == "start" for desired in said for entry in desired.ranks)


async def test_a_gang_that_started_by_half_is_stopped_whole(tmp_path: Path) -> None:
    async with (
        running(tmp_path, Settings(start_within_seconds=1)) as centre,
        pair(centre) as ((first, call1), (second, call2)),
    ):
        await centre.submit("j1", gpus=2, replicas=2, retries=no_retries())
        await first.accept(call1)
        await second.accept(call2)
        start = await first.want(call1, "start")
        await first.say(call1, start, started=ranks.Started(pid=1))
        stop = await first.want(call1, "stop")  # the second node never starts
        assert stop.stop.cause == "not-started"
        await first.exit(call1, stop, cause="stopped")
        stop = await second.want(call2, "stop")
        await second.say(call2, stop, released=ranks.Released())
        assert centre.phase("j1") == "StartFailed"


@asynccontextmanager
async def running(folder: Path, settings: Settings) -> AsyncIterator[Centre]:
    centre = Centre.at(folder, settings=settings)
    await centre.start()
    await centre.allow()
    try:
        yield centre
    finally:
        await centre.stop()


async def test_what_a_silent_node_runs_is_unknown_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    async with running(tmp_path, Settings(silence_seconds=1)) as centre, centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        await node.run(call)
        call.cancel()
        await until(lambda: centre.attempt("j1") == "Unknown")
        call = await node.connect()
        assert centre.attempt("j1") == "Running"
        assert (await node.want(call, "start")).id.attempt_id == "j1.1"


async def test_an_unknown_attempt_that_is_cancelled_holds_its_gpus_until_its_lease_has_ended(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, QUICK) as centre, centre.node(gpus=1) as node:
        call = await node.connect()
        await centre.submit("j1")
        await node.run(call)
        call.cancel()
        await until(lambda: centre.attempt("j1") == "Unknown")
        assert await centre.leader.ask(Tell(CancelAsked("j1", "ada", "enough"))) == Done()
        assert centre.attempt("j1") == "Unknown"
        ends_at = centre.leader.service.snapshot.attempts["j1.1"].lease
        await until(lambda: centre.phase("j1") == "Cancelled")
        assert ends_at is not None
        assert centre.leader.service.snapshot.now >= ends_at.until


async def test_an_unknown_attempt_that_is_cancelled_is_stopped_when_its_node_is_back(tmp_path: Path) -> None:
    async with running(tmp_path, Settings(silence_seconds=1)) as centre, centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        await node.run(call)
        call.cancel()
        await until(lambda: centre.attempt("j1") == "Unknown")
        await centre.leader.ask(Tell(CancelAsked("j1", "ada", "enough")))
        call = await node.connect()
        stop = await node.want(call, "stop")
        assert stop.stop.cause == "cancelled"
        await node.exit(call, stop, cause="stopped")
        assert centre.phase("j1") == "Cancelled"


async def test_a_node_that_is_confirmed_dead_frees_what_it_had_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, Settings(silence_seconds=1)) as centre, centre.node() as node:
        call = await node.connect()
        await centre.submit("j1", retries=no_retries())
        await node.run(call)
        call.cancel()
        await until(lambda: centre.attempt("j1") == "Unknown")
        await centre.leader.ask(Tell(NodeConfirmedDead("p/n1", "op")))
        assert centre.phase("j1") == "NodeLost"


async def test_a_rebooted_node_has_lost_its_ranks(centre: Centre) -> None:
    async with centre.node() as node:
        call = await node.connect()
        await centre.submit("j1", retries=no_retries())
        await node.run(call)
        node.boot_id, node.held = "0" * 32, {}
        await node.connect()
        assert centre.phase("j1") == "NodeLost"


async def test_a_rank_that_the_centre_does_not_know_is_to_end(centre: Centre) -> None:
    async with centre.node() as node:
        stranger = ranks.DesiredRank(
            id=ranks.RankId(attempt_id="other.1"), fencing=ranks.Fencing(epoch=1, counter=9)
        )
        node.hold(stranger, ranks.RANK_STATE_RUNNING)
        call = await node.connect()
        stop = await node.want(call, "stop")
        assert stop.id.attempt_id == "other.1"
        assert stop.lease.duration_ms >= 1  # an agent leaves out a term of nothing


async def test_leases_are_counted_from_the_agents_own_stamp_and_renewed(tmp_path: Path) -> None:
    async with running(tmp_path, Settings(lease_seconds=3, renew_seconds=1)) as centre, centre.node() as node:
        call = await node.connect()
        await centre.submit("j1")
        entry = await node.run(call)
        assert entry.lease.from_boottime_ns <= boottime_ns()
        ends_ns = entry.lease.from_boottime_ns + entry.lease.duration_ms * 10**6
        assert ends_ns <= boottime_ns() + 3 * 10**9
        stamped = await node.beat(call)
        renew = await node.next(call, "renew")
        assert (renew.id, renew.fencing) == (entry.id, entry.fencing)
        assert renew.lease.from_boottime_ns == stamped
        lease = centre.leader.service.snapshot.attempts["j1.1"].lease
        assert lease is not None
        still_ms = lease.until - centre.parts.clock()
        assert (
            renew.lease.from_boottime_ns + renew.lease.duration_ms * 10**6
            <= boottime_ns() + (still_ms + 5) * 10**6
        )


@pytest.mark.parametrize(
    ("until_ms", "duration_ms"), [(5_000, 4_000), (1_000, 1), (10**15, 365 * 86_400_000)]
)
def test_a_term_is_counted_from_the_newest_stamp(until_ms: int, duration_ms: int) -> None:
    clock = BootClock(boottime_ns=7, arrived_at=500)
    clock.hear(9, 1_000, "stamp")
    clock.hear(8, 2_000, "stamp")  # an older one that came late
    term = clock.term(until_ms)
    assert (term.from_boottime_ns, term.duration_ms) == (9, duration_ms)
