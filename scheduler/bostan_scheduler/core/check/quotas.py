"""Quotas of leaves and branches, counted from the attempts down the tree."""

from collections import Counter
from dataclasses import dataclass, field

from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of


@dataclass(slots=True)
class Taken:
    """GPUs of one class that each node of the tree takes: what its leaves hold, and what its children keep for themselves."""

    snapshot: Snapshot
    gpu_class: str
    held: Counter[str]
    by_node: dict[str, int] = field(default_factory=dict)

    def of(self, node: QuotaNode) -> int:
        """What is taken under a node."""
        if node.id not in self.by_node:
            below = self.snapshot.quota.children.get(node.id, ())
            self.by_node[node.id] = self.held[node.id] + sum(
                max(self.of(one), self._kept(one)) for one in below
            )
        return self.by_node[node.id]

    def _kept(self, node: QuotaNode) -> int:
        """The part of its guarantee that a node in force never lends."""
        quota = node.of_class(self.gpu_class)
        return quota.kept.count if node.in_force(self.snapshot.now) else 0


def taken_by_node(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """GPUs that are taken under each node of the tree, by (quota id, GPU class)."""
    usage, found = usage_of(snapshot), dict[tuple[str, str], int]()
    classes = {gpu_class for node in snapshot.quota.nodes.values() for gpu_class in node.gpus}
    for gpu_class in sorted(classes | {gpu_class for _, gpu_class in usage}):
        held = Counter({leaf: count for (leaf, of), count in usage.items() if of == gpu_class})
        taken = Taken(snapshot, gpu_class, held)
        found |= {(node.id, gpu_class): taken.of(node) for node in snapshot.quota.nodes.values()}
    return found


def most_of(snapshot: Snapshot, node: QuotaNode, gpu_class: str) -> int:
    """What may be taken under a node: a root lends from its guarantee and borrows nothing."""
    quota = node.of_class(gpu_class)
    if node.parent is not None:
        return quota.limit.count
    return quota.guaranteed.count if node.in_force(snapshot.now) else 0


def check_quota(snapshot: Snapshot) -> None:
    """Assert that no leaf or branch takes more than its limit, and that nobody has what a sibling does not lend.

    Only true while quotas have not been lowered, nor a window of the tree has opened or ended.
    """
    for quota_id, _ in usage_of(snapshot):
        assert quota_id in snapshot.quota.nodes, f"GPUs are held against {quota_id}, which does not exist"
    for (quota_id, gpu_class), taken in taken_by_node(snapshot).items():
        most = most_of(snapshot, snapshot.quota.nodes[quota_id], gpu_class)
        assert taken <= most, f"{taken} {gpu_class} are taken under {quota_id}, which may have {most}"
