"""What room is to be made for."""

from collections.abc import Mapping
from dataclasses import dataclass

from bostan_scheduler.core.placement import Placement, place
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.preemption.claims import Claim
from bostan_scheduler.core.preemption.victim import Victim


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line's first job, one class that it takes, and its claim to the room of others."""

    desk: Desk
    pair: Pair
    gpu_class: str
    claim: Claim
    limits: Mapping[str, int]

    @property
    def in_quota(self) -> bool:
        """Whether its leaf may hold it as things stand on the desk."""
        leaf = self.desk.queue.leaves[self.pair[0]]
        return self.desk.books.quotas.covers(leaf, self.gpu_class, self.pair[1].gpus)

    def room(self) -> Placement | None:
        """Where it would go as things stand on the desk, quota aside."""
        return place(self.desk.room, self.pair[1], self.gpu_class, self.limits)

    def may_take(self, victim: Victim) -> bool:
        """Whether a running job has to give way, in a park that the waiting one may run in or whose quota it needs."""
        return victim.attempt.gpu_class == self.gpu_class and self.claim.gives_way(victim)
