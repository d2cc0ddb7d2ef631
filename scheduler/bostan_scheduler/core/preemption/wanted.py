"""What room is to be made for, and what would be if some of those that run had gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bostan_scheduler.core.placement import Placement, place
from bostan_scheduler.core.placement.search import Search
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.node_limits import NodeLimits
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.planning.trial import Trial
from bostan_scheduler.core.preemption.claims import Claim
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.room.ask import ask_of
from bostan_scheduler.core.timeline.timeline import Blocks


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line's first job, one class that it takes, and its claim to the room of others.

    `limits` are what it may take as things stand on the desk, where something lies ahead; `kept` are blocks of what is
    kept for others. It may start as late as `late_seconds` from now, when all have gone.
    """

    desk: Desk
    pair: Pair
    gpu_class: str
    claim: Claim
    limits: Mapping[str, int]
    kept: Blocks = field(default_factory=Blocks)
    late_seconds: int = 0

    @property
    def in_quota(self) -> bool:
        """Whether its leaf may hold it as things stand on the desk, until it is over."""
        leaf_id, shape = self.pair
        return self.desk.in_quota(self.desk.queue.leaves[leaf_id], self.gpu_class, shape, self.late_seconds)

    def room(self) -> Placement | None:
        """Where it would go as things stand on the desk, quota aside."""
        return place(self.desk.room, self.pair[1], self.gpu_class, self.limits)

    def may_take(self, victim: Victim) -> bool:
        """Whether a running job has to give way, in a park that the waiting one may run in or whose quota it needs."""
        return victim.attempt.gpu_class == self.gpu_class and self.claim.gives_way(victim)


@dataclass(slots=True)
class Without:
    """What is wanted, as if some victims had gone. Within `with` they may go; after it all are back."""

    wanted: Wanted
    trial: Trial = field(init=False)
    limits: dict[str, int] = field(init=False)
    _ahead: NodeLimits | None = None

    def __post_init__(self) -> None:
        self.trial, self.limits = Trial(self.wanted.desk), dict(self.wanted.limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.trial.__exit__(kind, error, trace)

    def let_go(self, victim: Victim) -> None:
        """As if it had gone."""
        self.trial.remove(victim.attempt)
        self._look_again(victim)

    def keep(self, victim: Victim) -> None:
        """It stays after all."""
        self.trial.put_back(victim.attempt)
        self._look_again(victim)

    def room(self, park: str | None = None) -> Placement | None:
        """Where the waiting job would go then, quota aside; in one park, or in any."""
        shape, gpu_class, ledger = self.wanted.pair[1], self.wanted.gpu_class, self.wanted.desk.room
        free = (
            pool.free
            for (where, of), pool in ledger.pools.items()
            if of == gpu_class and park in (None, where)
        )
        if max(free, default=0) < shape.fit.whole_gpus:
            return None
        return place(ledger, shape, gpu_class, self.limits, park)

    def ranks_on(self, node_id: str) -> int:
        """How many of its ranks would fit on a node then."""
        shape, gpu_class, ledger = self.wanted.pair[1], self.wanted.gpu_class, self.wanted.desk.room
        state = ledger.rooms[node_id].state
        ranks = ask_of(shape, gpu_class, 1).ranks_in(state) if state is not None else 0
        most = Search(ledger, shape, gpu_class, self.limits).most(node_id, ranks)
        return min(shape.replicas, most)

    def _look_again(self, victim: Victim) -> None:
        """What lies ahead may leave more or less on the nodes where it runs."""
        for node_id in victim.attempt.node_ids if self.limits else ():
            limits = self._limits_anew()
            limits.forget(node_id)
            limit = limits.on(node_id)
            if limit is not None:
                self.limits[node_id] = limit

    def _limits_anew(self) -> NodeLimits:
        if self._ahead is None:
            _, shape = self.wanted.pair
            desk, gpu_class, kept = self.wanted.desk, self.wanted.gpu_class, self.wanted.kept
            self._ahead = NodeLimits(desk, shape, gpu_class, None, kept, self.wanted.late_seconds)
        return self._ahead
