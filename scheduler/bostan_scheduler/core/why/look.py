"""The desk as one question looks at it. It must stand still meanwhile, so what was found out is not found out again.

Whether a gang has room is told from the states that nodes are in: placement finds room exactly when this does, but also
where it is best, which costs far more and would push what plans need out of its rankings.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bostan_scheduler.core.job import WHOLE_GPU, Job, RankNeeds, Shape
from bostan_scheduler.core.placement.allowance import ranks_within
from bostan_scheduler.core.placement.avoiding import wishes
from bostan_scheduler.core.planning.awaited import awaited_before
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.node_limits import NodeLimits
from bostan_scheduler.core.room import PoolSize
from bostan_scheduler.core.room.ask import ask_of
from bostan_scheduler.core.room.buckets import Bucket
from bostan_scheduler.core.room.ever import enough_gpus, parks_of
from bostan_scheduler.core.timeline.timeline import Blocks
from bostan_scheduler.core.why.kept import given_back

NOBODY: Collection[str] = ()
Asked = tuple[RankNeeds, str, str | None]
"""What each rank needs, whose it is where that matters, and a class."""
Ahead = tuple[str, bool, int, int, str]
"""What limits depend on: the firm, whether it saves itself, how fast it stops, its time limit, and a class."""


@dataclass(slots=True)
class Free:
    """Nodes that take any rank, by park: how many ranks each takes and which nodes do; and how many the park takes in all."""

    nodes: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)
    in_park: dict[str, int] = field(default_factory=dict)

    def add(self, ranks: int, bucket: Bucket) -> None:
        """Nodes that take so many each."""
        for park, nodes in bucket.nodes.items():
            self.in_park[park] = self.in_park.get(park, 0) + ranks * len(nodes)
            self.nodes.setdefault(park, []).append((ranks, nodes))


@dataclass(slots=True)
class Look:
    """A desk, the job that asks, if it is one for which something is kept, and what is known by now.

    `awaited` are classes that jobs before it wait for, where the order passes nobody.
    """

    desk: Desk
    job_id: str | None = None
    awaited: Collection[str | None] = ()
    _pools: dict[str, Mapping[str, PoolSize]] = field(default_factory=dict)
    _enough: dict[tuple[RankNeeds, int, str], frozenset[str]] = field(default_factory=dict)
    _free: dict[Asked, Free] = field(default_factory=dict)
    _limits: dict[Ahead, NodeLimits] = field(default_factory=dict)
    _kept: Blocks | None = None

    def pools(self, gpu_class: str) -> Mapping[str, PoolSize]:
        """The pools of a class, by park."""
        if gpu_class not in self._pools:
            self._pools[gpu_class] = self.desk.room.pools_of(gpu_class)
        return self._pools[gpu_class]

    def pools_for(self, shape: Shape, gpu_class: str) -> list[PoolSize]:
        """Those in parks that the shape allows."""
        pools = self.pools(gpu_class)
        return [pools[park] for park in parks_of(shape, pools)]

    def large_enough(self, shape: Shape, gpu_class: str) -> frozenset[str]:
        """The parks whose nodes, all idle, have the GPUs of the gang, whether it allows them or not."""
        key = shape.rank, shape.replicas, gpu_class
        if key not in self._enough:
            pools = self.pools(gpu_class).items()
            self._enough[key] = frozenset(park for park, pool in pools if enough_gpus(pool, shape))
        return self._enough[key]

    def has_free(self, shape: Shape, gpu_class: str | None) -> bool:
        """Whether there is room for the gang among what is free, whatever lies ahead."""
        return self._with_wishes(shape, gpu_class, None)

    def has_room(self, shape: Shape, gpu_class: str | None) -> bool:
        """Whether there is room for the gang that nothing keeps for others before it would end."""
        limits = self.limits(shape, gpu_class)
        return self._with_wishes(shape, gpu_class, None) and (
            limits is None or self._with_wishes(shape, gpu_class, limits)
        )

    def limits(self, shape: Shape, gpu_class: str | None) -> NodeLimits | None:
        """What the gang may take where something lies ahead; None when nothing does anywhere."""
        if self.desk.timeline.empty or gpu_class is None:
            return None
        if self._kept is None:
            self._kept = self.desk.timeline.kept()
        key = shape.firm, shape.checkpoints, shape.stop_seconds, shape.time_limit_seconds, gpu_class
        if key not in self._limits:
            self._limits[key] = NodeLimits(self.desk, shape, gpu_class, self.job_id, self._kept)
        return self._limits[key]

    def forget_room(self) -> None:
        """Something was tried on the desk: it is as before, but its nodes are listed anew."""
        self._free.clear()

    # Room

    def _with_wishes(self, shape: Shape, gpu_class: str | None, limits: NodeLimits | None) -> bool:
        """Room on nodes to avoid is as good as any other, unless the gang is patient and another node could hold a rank."""
        if not self._fits(shape, gpu_class, limits, NOBODY):
            return False
        if not shape.patient or self._fits(shape, gpu_class, limits, shape.avoid_nodes):
            return True
        return not wishes(self.desk.room, shape)[-1]

    def _fits(
        self, shape: Shape, gpu_class: str | None, limits: NodeLimits | None, avoid: Collection[str]
    ) -> bool:
        free = self._free_for(shape, gpu_class)
        found = (park for park in parks_of(shape, free.in_park) if free.in_park[park] >= shape.replicas)
        if limits is None and not avoid:
            return any(True for _ in found)
        return any(self._in_park(park, shape, gpu_class, limits, avoid) for park in found)

    def _in_park(
        self,
        park: str,
        shape: Shape,
        gpu_class: str | None,
        limits: NodeLimits | None,
        avoid: Collection[str],
    ) -> bool:
        left = shape.replicas
        for ranks, nodes in self._free_for(shape, gpu_class).nodes[park]:
            for node_id in nodes:
                most = ranks
                if limits is not None and (limit := limits.on(node_id)) is not None:
                    most = min(ranks, ranks_within(self.desk.room, node_id, limits.gpu_class, shape, limit))
                left -= most if node_id not in avoid else 0
                if left <= 0:
                    return True
        return False

    def _free_for(self, shape: Shape, gpu_class: str | None) -> Free:
        key = shape.rank, shape.firm if shape.rank.gpu_milli < WHOLE_GPU else "", gpu_class
        if key not in self._free:
            self._free[key] = self._count(shape, gpu_class)
        return self._free[key]

    def _count(self, shape: Shape, gpu_class: str | None) -> Free:
        free, ask = Free(), ask_of(shape, gpu_class, 1)
        for state, bucket in self.desk.room.buckets.of_class.get(gpu_class, {}).items():
            ranks = ask.ranks_in(state)
            if ranks:
                free.add(ranks, bucket)
        return free


@contextmanager
def looking(desk: Desk, job: Job) -> Iterator[Look]:
    """A look for a waiting job, as if nothing were kept for it."""
    with given_back(desk, job):
        yield Look(desk, job.id, awaited_before(desk, job.id))
