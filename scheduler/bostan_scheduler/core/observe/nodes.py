"""What follows from what a node says of itself: that it is there, what it holds, how its GPUs do."""

from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.attempt import Attempt, RankExited, RankReleased, Running, Starting, Unknown
from bostan_scheduler.core.changes import Change, Hear, Judge, Know, Move, Refusal
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.node import Gpu, Heard, Node, Silent, Verdict
from bostan_scheduler.core.observe.leases import all_heard, back
from bostan_scheduler.core.observe.lost import lose_ranks
from bostan_scheduler.core.reports import HealthReported, NodeConnected, NodeHolds, NodesHeard
from bostan_scheduler.core.snapshot import Snapshot

BOOTS_REMEMBERED_MAX = 8


def on_node_connected(snapshot: Snapshot, report: NodeConnected) -> tuple[Change, ...] | Refusal:
    """The node is as it says. A boot that another has followed is over for good: it is a late word, or another machine."""
    if report.park not in snapshot.parks:
        return Refusal(
            "not-found", f"there is no park {report.park}", "an administrator adds it: `bostan park add`"
        )
    known = snapshot.nodes.get(report.node_id)
    if known is not None and report.boot_id in known.boots_before:
        return Refusal(
            "conflict",
            f"boot {report.boot_id} of {known.id} is over: it has booted since",
            "give each machine of a park a name of its own, or reboot this one",
        )
    return (Know(_node(snapshot, report, known)),)


def _node(snapshot: Snapshot, report: NodeConnected, known: Node | None) -> Node:
    elsewhere = _elsewhere(snapshot, report)
    return Node(
        id=report.node_id,
        park=report.park,
        name=report.name,
        boot_id=report.boot_id,
        session=Heard(snapshot.now),
        gpus=tuple(gpu for gpu in report.gpus if gpu.uuid not in elsewhere),
        cpus=report.cpus,
        memory_bytes=report.memory_bytes,
        address=report.address,
        agent_version=report.agent_version,
        driver_version=report.driver_version,
        isolation=report.isolation,
        problems=(
            *report.problems,
            *(f"{uuid} is left out: {node_id} has it too" for uuid, node_id in elsewhere.items()),
        ),
        labels=report.labels,
        drain=known.drain if known is not None else None,
        boots_before=_boots_before(known, report.boot_id),
    )


def _boots_before(known: Node | None, boot_id: str) -> tuple[str, ...]:
    if known is None or known.boot_id == boot_id:
        return known.boots_before if known is not None else ()
    return (*known.boots_before, known.boot_id)[-BOOTS_REMEMBERED_MAX:]


def _elsewhere(snapshot: Snapshot, report: NodeConnected) -> dict[str, str]:
    """Which of its GPUs a node of another park has, and is heard with: no park takes another's by naming them."""
    named = {gpu.uuid for gpu in report.gpus}
    return {
        gpu.uuid: node.id
        for node in snapshot.nodes.values()
        if node.park != report.park and isinstance(node.session, Heard)
        for gpu in node.gpus
        if gpu.uuid in named
    }


def on_node_holds(snapshot: Snapshot, report: NodeHolds) -> tuple[Change, ...]:
    """Attempts that were unknown go on; one that the node has lost sight of is unknown until its lease has ended.

    After a reboot nothing of before runs any more: what the node has no record of is lost at once.
    """
    there = (one for one in snapshot.attempts.values() if report.node_id in one.node_ids and one.holds)
    follows = _after_reboot if report.rebooted else _compare
    return tuple(change for attempt in there for change in follows(snapshot, report, attempt))


def _after_reboot(snapshot: Snapshot, report: NodeHolds, attempt: Attempt) -> tuple[Change, ...]:
    known = [rank for rank, state in _held(report, attempt).items() if state == "exited"]
    lost = lose_ranks(snapshot, attempt, report.node_id, "rebooted", known)
    return lost or _compare(snapshot, report, attempt)


def _compare(snapshot: Snapshot, report: NodeHolds, attempt: Attempt) -> tuple[Change, ...]:
    missing = _runs_there(attempt, report.node_id) - _held(report, attempt).keys()
    match attempt.phase:
        case Unknown(before=before) if not missing and all_heard(snapshot, attempt):
            return (Move(attempt.id, back(snapshot, before), f"{report.node_id} is back and has it"),)
        case Starting() | Running() as phase if missing:
            why = f"{report.node_id} does not know of it any more"
            return (Move(attempt.id, Unknown(snapshot.now, phase), why),)
        case _:
            return ()


def _held(report: NodeHolds, attempt: Attempt) -> dict[int, str]:
    """The attempt's ranks that the node has, each with its state."""
    return {
        one.rank: one.state
        for one in report.ranks
        if one.attempt_id == attempt.id and one.fencing == attempt.fencing
    }


def _runs_there(attempt: Attempt, node_id: str) -> set[int]:
    pairs = zip(attempt.places, attempt.seen, strict=True)
    return {
        place.rank
        for place, seen in pairs
        if place.node_id == node_id and not isinstance(seen, RankExited | RankReleased)
    }


def on_nodes_heard(snapshot: Snapshot, report: NodesHeard) -> tuple[Change, ...]:
    """A node that was silent and is heard in a session that never broke: it is back, and so are its attempts."""
    return tuple(change for node_id, at in report.at for change in _heard(snapshot, node_id, at))


def _heard(snapshot: Snapshot, node_id: str, at: int) -> Iterator[Change]:
    node = snapshot.nodes.get(node_id)
    fresh = snapshot.now < after(at, snapshot.settings.silence_seconds)
    if node is None or not isinstance(node.session, Silent) or not fresh:
        return
    yield Hear(node_id, Heard(snapshot.now))
    then = replace(snapshot, nodes={**snapshot.nodes, node_id: replace(node, session=Heard(snapshot.now))})
    for attempt in snapshot.attempts.values():
        if node_id in attempt.node_ids and isinstance(attempt.phase, Unknown) and all_heard(then, attempt):
            yield Move(attempt.id, back(snapshot, attempt.phase.before), f"{node_id} is heard again")


def on_health_reported(snapshot: Snapshot, report: HealthReported) -> tuple[Change, ...]:
    """GPUs with a verdict against them take nothing new."""
    node = snapshot.nodes.get(report.node_id)
    if node is None:
        return ()
    verdicts = {uuid: (verdict, findings) for uuid, verdict, findings in report.verdicts}
    gpus = tuple(_judged(gpu, verdicts) for gpu in node.gpus)
    return () if gpus == node.gpus else (Judge(node.id, gpus),)


def _judged(gpu: Gpu, verdicts: dict[str, tuple[Verdict, tuple[str, ...]]]) -> Gpu:
    """A slice does as the GPU does that it is cut from."""
    judged = verdicts.get(gpu.cut_from or gpu.uuid)
    if judged is None:
        return gpu
    verdict, findings = judged
    return replace(gpu, verdict=verdict, findings=findings)
