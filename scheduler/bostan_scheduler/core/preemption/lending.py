"""Who runs on what is lent, and who may have it back: quota by quota, up to where two leaves meet in the tree."""

from dataclasses import dataclass, field

from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.quota import QuotaNode

Branch = tuple[QuotaNode, ...]
"""A leaf and what it is below, the leaf first."""


@dataclass(slots=True)
class Lending:
    """A leaf that asks for so many GPUs of a class, against the leaves of those that run.

    What a branch is guaranteed is for the leaves below it: against others it counts as theirs. What is found for a
    leaf holds until somebody holds more or less.
    """

    desk: Desk
    leaf: QuotaNode
    gpu_class: str
    gpus: int
    _branches: dict[str | None, tuple[Branch, Branch]] = field(default_factory=dict)
    _borrow: dict[str | None, bool] = field(default_factory=dict)
    _owed: dict[str | None, bool] = field(default_factory=dict)
    _turns: int = -1

    def borrows(self, victim: Victim) -> bool:
        """Whether neither its leaf nor a branch that the asking leaf is not part of holds what it is guaranteed, but more."""
        self._forget_what_changed()
        key = victim.leaf_id
        found = self._borrow.get(key)
        if found is None:
            within = (self._within(one, 0) for one in self._apart(victim)[1])
            found = self._borrow[key] = key != self.leaf.id and not any(within)
        return found

    def owed(self, victim: Victim) -> bool:
        """Whether what it asks is within what the asking leaf is guaranteed, or a branch of it that the other is not part of."""
        self._forget_what_changed()
        key = victim.leaf_id
        found = self._owed.get(key)
        if found is None:
            within = (self._within(one, self.gpus) for one in self._apart(victim)[0])
            found = self._owed[key] = any(within)
        return found

    @property
    def owed_at_all(self) -> bool:
        """Whether it is within what the asking leaf or some branch of it is guaranteed, so that somebody may owe it."""
        return any(self._within(one, self.gpus) for one in self.desk.books.tree.up(self.leaf))

    def _forget_what_changed(self) -> None:
        turns = self.desk.books.quotas.turns
        if turns != self._turns:
            self._turns = turns
            self._borrow.clear()
            self._owed.clear()

    def _within(self, node: QuotaNode, gpus: int) -> bool:
        return self.desk.books.quotas.owes(node, self.gpu_class, gpus)

    def _apart(self, victim: Victim) -> tuple[Branch, Branch]:
        """What is above each of the two alone."""
        theirs, key = victim.leaf, victim.leaf_id
        if key not in self._branches:
            tree = self.desk.books.tree
            above = tree.apart(theirs, self.leaf) if theirs is not None else ()
            self._branches[key] = tree.apart(self.leaf, theirs), above
        return self._branches[key]
