"""How much of each quota is used while one plan is drawn up, updated in place as attempts are placed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.amount import NONE, Gpus
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.quota import QuotaNode, QuotaTree

Usage = Counter[tuple[str, str]]
"""GPUs held, by (quota id, GPU class)."""


@dataclass(slots=True)
class QuotaLedger:
    """GPUs used at every node of the tree, by (quota id, class).

    At a leaf it is what its attempts hold. At a branch it is the sum over its children of what each takes from it:
    the part that the child never lends, or what the child uses where that is more.
    """

    tree: QuotaTree
    now: Instant
    used: dict[tuple[str, str], Gpus] = field(default_factory=lambda: defaultdict(lambda: NONE))

    @classmethod
    def of(cls, tree: QuotaTree, usage: Usage, now: Instant) -> Self:
        """The ledger of a tree whose leaves hold `usage`."""
        ledger = cls(tree, now)
        ledger._reserve_what_is_kept()
        for (quota_id, gpu_class), count in sorted(usage.items()):
            if quota_id in tree.nodes:
                ledger.take(tree.nodes[quota_id], gpu_class, Gpus(count))
        return ledger

    def take(self, leaf: QuotaNode, gpu_class: str, gpus: Gpus) -> None:
        """Count GPUs against a leaf and its ancestors."""
        assert leaf.id in self.tree.nodes, f"{leaf.id} is of another tree"
        more = gpus
        for node in self.tree.up(leaf):
            key = (node.id, gpu_class)
            kept = node.of_class(gpu_class).kept if node.in_force(self.now) else NONE
            before = max(self.used[key], kept)
            self.used[key] = self.used[key] + more
            more = max(self.used[key], kept) - before

    def give(self, leaf: QuotaNode, gpu_class: str, gpus: Gpus) -> None:
        """Count GPUs off again that were taken by `take`."""
        less = gpus
        for node in self.tree.up(leaf):
            key = (node.id, gpu_class)
            kept = node.of_class(gpu_class).kept if node.in_force(self.now) else NONE
            used = self.used[key]
            assert used >= less, f"{node.id} gives back {less} of {used} {gpu_class}"
            self.used[key] = used - less
            less = max(used, kept) - max(self.used[key], kept)

    def available(self, node: QuotaNode, gpu_class: str) -> Gpus:
        """What the node may still take: the rest of its own kept part, and what it may borrow from its parent."""
        quota, used = node.of_class(gpu_class), self.used[node.id, gpu_class]
        if node.parent is None:
            return quota.guaranteed - used
        own = quota.kept - used
        headroom = quota.limit - max(used, quota.kept)
        return own + min(headroom, self.available(self.tree.nodes[node.parent], gpu_class))

    def share(self, leaf: QuotaNode) -> float:
        """How much of its guarantee a leaf uses in the class where that is most, divided by its weight.

        Without a guarantee every GPU counts as more than a whole one, so that borrowers come last.
        """
        return max((self._share_of(leaf, gpu_class) for gpu_class in leaf.gpus), default=0.0) / leaf.weight

    def _share_of(self, leaf: QuotaNode, gpu_class: str) -> float:
        guaranteed, used = leaf.of_class(gpu_class).guaranteed.count, self.used[leaf.id, gpu_class].count
        return used / guaranteed if guaranteed else (1.0 + used if used else 0.0)

    def _reserve_what_is_kept(self) -> None:
        for node in sorted(self.tree.nodes.values(), key=lambda node: node.id):
            if node.parent is not None and node.in_force(self.now):
                for gpu_class, quota in node.gpus.items():
                    self._reserve(node, gpu_class, quota.kept)

    def _reserve(self, node: QuotaNode, gpu_class: str, kept: Gpus) -> None:
        """A child's kept part counts as used at its parent, beyond what the parent keeps for its children already."""
        more = kept
        parent = self.tree.nodes[node.parent] if node.parent is not None else None
        while parent is not None and more > NONE:
            key = (parent.id, gpu_class)
            own = parent.of_class(gpu_class).kept if parent.in_force(self.now) else NONE
            before = max(self.used[key], own)
            self.used[key] = self.used[key] + more
            more = max(self.used[key], own) - before
            parent = self.tree.nodes[parent.parent] if parent.parent is not None else None
