"""Who holds how much of which quota, attempt by attempt."""

from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.quota import QuotaNode, QuotaTree
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.usage import usage_of

Charge = tuple[QuotaNode, str, Gpus]
"""The leaf that an attempt counts against, its GPU class, and how many."""


@dataclass(slots=True)
class Books:
    """The quota ledger, what each attempt was charged to it, and what is set aside of it for waiting jobs. Good until `until_at`, when a window opens or ends."""

    tree: QuotaTree
    quotas: QuotaLedger
    until_at: Instant
    charges: dict[str, Charge | None] = field(default_factory=dict)
    claims: dict[str, Charge] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The books of a snapshot; what is charged to no quota any more still counts there."""
        tree, now = snapshot.quota, snapshot.now
        held = [one for one in snapshot.attempts.values() if one.holds]
        books = cls(tree, QuotaLedger.of(tree, usage_of(snapshot), now), next_window(tree, now))
        books.charges = {one.id: charge_of(tree, one, now) for one in held}
        return books

    def hold(self, attempt: Attempt) -> None:
        """Charge an attempt once."""
        if attempt.id in self.charges:
            return
        charge = charge_of(self.tree, attempt, self.quotas.now)
        self.charges[attempt.id] = charge
        if charge is not None:
            self.quotas.take(*charge)

    def release(self, attempt_id: str) -> str | None:
        """Give back what an attempt was charged; the class in which there is more now."""
        charge = self.charges.pop(attempt_id, None)
        if charge is None:
            return None
        self.quotas.give(*charge)
        return charge[1]

    def claim(self, job_id: str, charge: Charge) -> None:
        """Set quota aside for a waiting job for which GPUs are kept, as if it held them."""
        assert job_id not in self.claims, f"quota is set aside for {job_id} already"
        self.claims[job_id] = charge
        self.quotas.take(*charge)

    def give_up(self, job_id: str) -> str | None:
        """No quota is set aside for a job any more; the class in which there is more now."""
        charge = self.claims.pop(job_id, None)
        if charge is None:
            return None
        self.quotas.give(*charge)
        return charge[1]

    def in_quota(self, leaf: QuotaNode, gpu_class: str, job_id: str) -> bool:
        """Whether the quota that is set aside for a job is there, not only promised."""
        charge = self.claims.get(job_id)
        if charge is None:
            return False
        self.quotas.give(*charge)
        there = self.quotas.covers(leaf, gpu_class, charge[2].count)
        self.quotas.take(*charge)
        return there


def charge_of(tree: QuotaTree, attempt: Attempt, now: Instant) -> Charge | None:
    """What an attempt counts against; None without GPUs, or when nothing is left of its branch."""
    if attempt.gpu_class is None:
        return None
    heir = tree.heir(attempt.quota_id, attempt.firm, attempt.project, now)
    return (heir, attempt.gpu_class, Gpus(attempt.gpus)) if heir is not None else None


def next_window(tree: QuotaTree, now: Instant) -> Instant:
    """When a window of the tree opens or ends next."""
    borders = (at for node in tree.nodes.values() for at in (node.from_at, node.until_at) if at > now)
    return min(borders, default=2**63)
