"""What follows from what a node says of itself: that it is there, what it holds, how its GPUs do."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.attempt import Attempt, RankExited, RankReleased, Running, Starting, Unknown
from bostan_scheduler.core.changes import Change, Hear, Judge, Know, Move, Refusal
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.node import Gpu, Heard, Node, Silent, Verdict
from bostan_scheduler.core.observe.lost import lose_ranks
from bostan_scheduler.core.reports import HealthReported, NodeConnected, NodeHolds, NodesHeard
from bostan_scheduler.core.snapshot import Snapshot


def on_node_connected(snapshot: Snapshot, report: NodeConnected) -> tuple[Change, ...] | Refusal:
    """The node is as it says. A new boot id means that nothing of before runs any more."""
    if report.park not in snapshot.parks:
        return Refusal(
            "not-found", f"there is no park {report.park}", "an administrator adds it: `bostan park add`"
        )
    known = snapshot.nodes.get(report.node_id)
    know = Know(_node(snapshot, report, known))
    if known is None or known.boot_id == report.boot_id:
        return (know,)
    attempts = snapshot.attempts.values()
    lost = (change for one in attempts for change in lose_ranks(snapshot, one, report.node_id, "rebooted"))
    return (know, *lost)


def _node(snapshot: Snapshot, report: NodeConnected, known: Node | None) -> Node:
    return Node(
        id=report.node_id,
        park=report.park,
        name=report.name,
        boot_id=report.boot_id,
        session=Heard(snapshot.now),
        gpus=report.gpus,
        cpus=report.cpus,
        memory_bytes=report.memory_bytes,
        address=report.address,
        agent_version=report.agent_version,
        driver_version=report.driver_version,
        isolation=report.isolation,
        problems=report.problems,
        labels=report.labels,
        drain=known.drain if known is not None else None,
    )


def on_node_holds(snapshot: Snapshot, report: NodeHolds) -> tuple[Change, ...]:
    """Attempts that were unknown go on; one that the node has lost sight of is unknown until its lease has ended."""
    held = {(one.attempt_id, one.rank) for one in report.ranks}
    return tuple(_compare(snapshot, report.node_id, held))


def _compare(snapshot: Snapshot, node_id: str, held: set[tuple[str, int]]) -> Iterator[Change]:
    for attempt in snapshot.attempts.values():
        if node_id not in attempt.node_ids:
            continue
        missing = _runs_there(attempt, node_id) - held
        match attempt.phase:
            case Unknown(before=before) if not missing and _all_heard(snapshot, attempt):
                yield Move(attempt.id, before, f"{node_id} is back and has it")
            case Starting() | Running() as phase if missing:
                yield Move(
                    attempt.id, Unknown(snapshot.now, phase), f"{node_id} does not know of it any more"
                )
            case _:
                pass


def _runs_there(attempt: Attempt, node_id: str) -> set[tuple[str, int]]:
    return {
        (attempt.id, place.rank)
        for place, seen in zip(attempt.places, attempt.seen, strict=True)
        if place.node_id == node_id and not isinstance(seen, RankExited | RankReleased)
    }


def _all_heard(snapshot: Snapshot, attempt: Attempt) -> bool:
    return all(isinstance(snapshot.nodes[node_id].session, Heard) for node_id in attempt.node_ids)


def on_nodes_heard(snapshot: Snapshot, report: NodesHeard) -> tuple[Change, ...]:
    """A node that was silent and is heard in a session that never broke: it is back, and so are its attempts."""
    return tuple(change for node_id, at in report.at for change in _heard(snapshot, node_id, at))


def _heard(snapshot: Snapshot, node_id: str, at: int) -> Iterator[Change]:
    node = snapshot.nodes.get(node_id)
    fresh = snapshot.now < after(at, snapshot.settings.silence_seconds)
    if node is None or not isinstance(node.session, Silent) or not fresh:
        return
    yield Hear(node_id, Heard(snapshot.now))
    back = replace(snapshot, nodes={**snapshot.nodes, node_id: replace(node, session=Heard(snapshot.now))})
    for attempt in snapshot.attempts.values():
        if node_id in attempt.node_ids and isinstance(attempt.phase, Unknown) and _all_heard(back, attempt):
            yield Move(attempt.id, attempt.phase.before, f"{node_id} is heard again")


def on_health_reported(snapshot: Snapshot, report: HealthReported) -> tuple[Change, ...]:
    """GPUs with a verdict against them take nothing new."""
    node = snapshot.nodes.get(report.node_id)
    if node is None:
        return ()
    verdicts = {uuid: (verdict, findings) for uuid, verdict, findings in report.verdicts}
    gpus = tuple(_judged(gpu, verdicts) for gpu in node.gpus)
    return () if gpus == node.gpus else (Judge(node.id, gpus),)


def _judged(gpu: Gpu, verdicts: dict[str, tuple[Verdict, tuple[str, ...]]]) -> Gpu:
    if gpu.uuid not in verdicts:
        return gpu
    verdict, findings = verdicts[gpu.uuid]
    return replace(gpu, verdict=verdict, findings=findings)
