"""Which nodes a gang leaves out: all that it is to avoid, else all but the oldest, and so on."""

from bostan_scheduler.core.job import RankNeeds, Shape
from bostan_scheduler.core.placement.placement import Placement
from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.node_room import NodeRoom

Wish = frozenset[str]


def wishes(ledger: Ledger, shape: Shape) -> list[Wish]:
    """Nodes to leave out, the best wish first. A patient gang has but one while another node could ever hold a rank."""
    avoid = shape.avoid_nodes
    if shape.patient and _elsewhere(ledger, shape):
        return [frozenset(avoid)]
    return [frozenset(avoid[forgotten:]) for forgotten in range(len(avoid) + 1)]


def forgotten(shape: Shape, placement: Placement) -> int:
    """How many of the nodes to avoid, the oldest first, are forgotten for this placement."""
    if not shape.avoid_nodes:
        return 0
    used = {place.node_id for place in placement.places}
    return max((place for place, one in enumerate(shape.avoid_nodes, 1) if one in used), default=0)


def _elsewhere(ledger: Ledger, shape: Shape) -> bool:
    """Whether another node could hold a rank, if it were idle and heard; one that was drained is not waited for."""
    classes = shape.gpu_classes or tuple(ledger.classes(shape.min_gpu_memory_bytes))
    return any(
        _could_hold(room, shape.rank, classes)
        for node_id, room in ledger.rooms.items()
        if node_id not in shape.avoid_nodes and shape.parks.admit(room.node.park) and room.node.drain is None
    )


def _could_hold(room: NodeRoom, needs: RankNeeds, classes: tuple[str, ...]) -> bool:
    node = room.node
    if (needs.cpus or 0) > node.cpus or (needs.memory_bytes or 0) > node.memory_bytes:
        return False
    usable = (sum(gpu.usable for gpu in room.by_class.get(one, ())) for one in classes)
    return not needs.gpus or any(count >= needs.gpus for count in usable)
