"""Obstacles pinned to nodes: which GPUs a window of a park takes."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from bostan_scheduler.core.node import Node
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.block import Block


def pinned(snapshot: Snapshot) -> list[Block]:
    """The blocks of all obstacles that are not over, in the order of their ids.

    What takes a part of a park takes the first nodes by name that nothing pinned before needs at that time.
    """
    blocks: list[Block] = []
    for _, obstacle in sorted(snapshot.obstacles.items()):
        if obstacle.until_at > snapshot.now:
            blocks.extend(_pin(snapshot, obstacle, blocks))
    return blocks


def _pin(snapshot: Snapshot, obstacle: Obstacle, before: list[Block]) -> Iterator[Block]:
    nodes = [node for _, node in sorted(snapshot.nodes.items()) if node.park == obstacle.park]
    match obstacle:
        case Maintenance():
            away = [one for one in nodes if obstacle.closes(one.id, sizes(snapshot, one))]
            yield from _whole(snapshot, obstacle, away)
        case AdvanceReservation() | LocalReserve():
            yield from _part(snapshot, obstacle, nodes, before)
        case _:
            assert_never(obstacle)


def _whole(snapshot: Snapshot, window: Maintenance, nodes: Iterable[Node]) -> Iterator[Block]:
    for node in nodes:
        for gpu_class, gpus in sorted(sizes(snapshot, node).items()):
            yield Block(node.id, gpu_class, gpus, window.from_at, window.until_at, movable=True)


def _part(
    snapshot: Snapshot, part: AdvanceReservation | LocalReserve, nodes: Iterable[Node], before: list[Block]
) -> Iterator[Block]:
    left = part.gpus
    for node in nodes:
        has = sizes(snapshot, node).get(part.gpu_class, 0) - _taken(part, node, before)
        gpus = min(left, max(0, has))
        if gpus:
            left -= gpus
            yield _block(part, node.id, gpus)


def _block(part: AdvanceReservation | LocalReserve, node_id: str, gpus: int) -> Block:
    firm = part.firm if isinstance(part, AdvanceReservation) else None
    notice = part.notice_seconds if isinstance(part, LocalReserve) and part.lend_when_idle else None
    return Block(
        node_id, part.gpu_class, gpus, part.from_at, part.until_at, firm, movable=True, notice_seconds=notice
    )


def _taken(part: AdvanceReservation | LocalReserve, node: Node, before: list[Block]) -> int:
    return sum(
        one.gpus
        for one in before
        if one.node_id == node.id
        and one.gpu_class == part.gpu_class
        and one.from_at < part.until_at
        and part.from_at < one.until_at
    )


def sizes(snapshot: Snapshot, node: Node) -> dict[str, int]:
    """How many GPUs of each class a node has that something may start on."""
    counts: dict[str, int] = {}
    for gpu in node.gpus:
        gpu_class = snapshot.gpu_class(gpu) if gpu.usable else None
        if gpu_class is not None:
            counts[gpu_class] = counts.get(gpu_class, 0) + 1
    return counts
