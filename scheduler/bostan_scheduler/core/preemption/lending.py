"""Who runs on what is lent, and who may have it back: quota by quota, up to where two leaves meet in the tree."""

from dataclasses import dataclass, field

from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.quota import QuotaNode

Branch = tuple[QuotaNode, ...]
"""A leaf and what it is below, the leaf first."""


@dataclass(slots=True)
class Lending:
    """A leaf that asks for GPUs of a class, against the leaves of those that run.

    What a branch is guaranteed is for the leaves below it: against others it counts as theirs.
    """

    desk: Desk
    leaf: QuotaNode
    gpu_class: str
    _branches: dict[str | None, tuple[Branch, Branch]] = field(default_factory=dict)

    def borrows(self, victim: Victim) -> bool:
        """Whether neither its leaf nor a branch that the asking leaf is not part of holds what it is guaranteed, but more."""
        if victim.leaf is not None and victim.leaf.id == self.leaf.id:
            return False
        return not any(self._within(one, 0) for one in self._apart(victim)[1])

    def owed(self, victim: Victim, gpus: int) -> bool:
        """Whether so many more are within what the asking leaf is guaranteed, or a branch of it that the other is not part of."""
        return any(self._within(one, gpus) for one in self._apart(victim)[0])

    def _within(self, node: QuotaNode, gpus: int) -> bool:
        return self.desk.books.quotas.owes(node, self.gpu_class, gpus)

    def _apart(self, victim: Victim) -> tuple[Branch, Branch]:
        """What is above each of the two alone."""
        theirs = victim.leaf
        key = theirs.id if theirs is not None else None
        if key not in self._branches:
            tree = self.desk.books.tree
            above = tree.apart(theirs, self.leaf) if theirs is not None else ()
            self._branches[key] = tree.apart(self.leaf, theirs), above
        return self._branches[key]
