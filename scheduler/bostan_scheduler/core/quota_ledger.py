"""How much of each quota is used while plans are drawn up, updated in place as attempts come and go."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.quota import QuotaNode, QuotaTree

Usage = Counter[tuple[str, str]]
"""GPUs held, by (quota id, GPU class)."""


@dataclass(slots=True, eq=False)
class Account:
    """One class at one node of the tree, in counts of GPUs; the root is its own limit.

    At a leaf `used` is what its attempts hold. At a branch it is the sum over its children of what each takes from
    it: the part that the child never lends, or what the child uses where that is more.
    """

    guaranteed: int
    kept: int
    limit: int
    parent: "Account | None"
    used: int = 0
    root: "Account" = field(init=False)
    kept_above: int = field(init=False)

    def __post_init__(self) -> None:
        """`kept_above` is what is kept here and at the ancestors, all together."""
        self.root = self.parent.root if self.parent is not None else self
        self.kept_above = self.kept + (self.parent.kept_above if self.parent is not None else 0)

    def change(self, more: int) -> None:
        """Count GPUs here and at the ancestors, or with less than nothing, count them off."""
        account: Account | None = self
        while account is not None and more:
            before = max(account.used, account.kept)
            account.used += more
            assert account.used >= 0, "more was given back than taken"
            more, account = max(account.used, account.kept) - before, account.parent

    def covers(self, gpus: int) -> bool:
        """Whether so many may still be taken. Most often the root alone tells that they may not."""
        if gpus > self.kept_above and gpus > self.root.guaranteed - self.root.used + self.kept_above:
            return False
        return self.available() >= gpus

    def available(self) -> int:
        """What may still be taken: the rest of the kept part, and what may be borrowed from the parent."""
        if self.parent is None:
            return max(0, self.guaranteed - self.used)
        headroom = max(0, self.limit - max(self.used, self.kept))
        own = max(0, self.kept - self.used)
        return own + min(headroom, self.parent.available())


@dataclass(slots=True)
class QuotaLedger:
    """The accounts of a tree, by quota id and GPU class. `turns` tells whether anything has changed since."""

    tree: QuotaTree
    now: Instant
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    turns: int = 0

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
        self.turns += 1
        self._account(leaf, gpu_class).change(gpus.count)

    def give(self, leaf: QuotaNode, gpu_class: str, gpus: Gpus) -> None:
        """Count GPUs off again that were taken by `take`."""
        self.turns += 1
        self._account(leaf, gpu_class).change(-gpus.count)

    def held(self, quota_id: str, gpu_class: str) -> Gpus:
        """What a leaf holds, or what the children of a branch take from it."""
        account = self.accounts.get((quota_id, gpu_class))
        return Gpus(account.used if account is not None else 0)

    def available(self, node: QuotaNode, gpu_class: str) -> Gpus:
        """What the node may still take: the rest of its own kept part, and what it may borrow from its parent."""
        return Gpus.of(self._account(node, gpu_class).available())

    def covers(self, leaf: QuotaNode, gpu_class: str, gpus: int) -> bool:
        """Whether a leaf may still take so many."""
        return self._account(leaf, gpu_class).covers(gpus)

    def owes(self, leaf: QuotaNode, gpu_class: str, gpus: int) -> bool:
        """Whether so many more would still be within what a leaf is guaranteed."""
        account = self._account(leaf, gpu_class)
        return account.used + gpus <= account.guaranteed

    def share(self, leaf: QuotaNode, gpu_class: str, lately: float = 0.0) -> float:
        """How much of its guarantee in a class a leaf holds, with what it held lately; not weighted.

        Without a guarantee every GPU counts as more than a whole one, so that borrowers come last.
        """
        account = self._account(leaf, gpu_class)
        held = account.used + lately
        return held / account.guaranteed if account.guaranteed else (1.0 + held if held else 0.0)

    def _account(self, node: QuotaNode, gpu_class: str) -> Account:
        account = self.accounts.get((node.id, gpu_class))
        if account is None:
            assert node.id in self.tree.nodes, f"{node.id} is of another tree"
            parent = (
                self._account(self.tree.nodes[node.parent], gpu_class) if node.parent is not None else None
            )
            quota = node.of_class(gpu_class)
            in_force = node.in_force(self.now)
            guaranteed = quota.guaranteed.count if in_force else 0
            kept = quota.kept.count if parent is not None and in_force else 0
            account = Account(guaranteed, kept, quota.limit.count, parent)
            self.accounts[node.id, gpu_class] = account
        return account

    def _reserve_what_is_kept(self) -> None:
        """A child's kept part counts as used at its parent, beyond what the parent keeps for its children already."""
        for node in sorted(self.tree.nodes.values(), key=lambda node: node.id):
            for gpu_class in node.gpus:
                account = self._account(node, gpu_class)
                if account.parent is not None:
                    account.parent.change(account.kept)
