"""The quota tree: how many GPUs of a class each branch and leaf may hold at one moment.

`available = what is left of one's own, never lent part + what may be borrowed from the parent`: the same few
lines at every level. A parent's guarantee includes those of its children; what a child never lends counts as
used at its parent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from bostan_scheduler.core.amount import NONE, UNLIMITED, Gpus
from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class ClassQuota:
    """What a node of the tree may hold of one GPU class; `lend_limit` is at most the guarantee."""

    guaranteed: Gpus = NONE
    borrow_limit: Gpus = UNLIMITED
    lend_limit: Gpus = NONE

    def __post_init__(self) -> None:
        assert self.lend_limit <= self.guaranteed, "more is lent than is guaranteed"

    @property
    def kept(self) -> Gpus:
        """The part that is never lent."""
        return self.guaranteed - self.lend_limit

    @property
    def limit(self) -> Gpus:
        """The most that may be held."""
        return self.guaranteed + self.borrow_limit


NO_QUOTA = ClassQuota(NONE, NONE, NONE)


@dataclass(frozen=True, slots=True)
class QuotaNode:
    """A branch, or with a firm a leaf, in force in `[from_at, until_at)`."""

    id: str
    parent: str | None
    firm: str | None
    from_at: Instant
    until_at: Instant
    gpus: Mapping[str, ClassQuota]
    project: str | None = None
    weight: int = 1
    max_job_gpus: int | None = None
    max_job_hours: int | None = None
    max_queued: int | None = None

    def in_force(self, now: Instant) -> bool:
        """Whether `now` lies in its window."""
        return self.from_at <= now < self.until_at

    def of_class(self, gpu_class: str) -> ClassQuota:
        """Its quota of a class; none when the class is not named."""
        return self.gpus.get(gpu_class, NO_QUOTA)


@dataclass(frozen=True)
class QuotaTree:
    """All nodes by id, whether in force or not."""

    nodes: Mapping[str, QuotaNode] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.nodes.values():
            assert node.parent is None or node.parent in self.nodes, (
                f"{node.id} is under an unknown {node.parent}"
            )
            assert _ends(self.nodes, node), f"{node.id} is above itself"

    @cached_property
    def _leaves(self) -> Mapping[tuple[str, str | None], tuple[QuotaNode, ...]]:
        leaves: dict[tuple[str, str | None], tuple[QuotaNode, ...]] = {}
        for node in sorted(self.nodes.values(), key=lambda node: node.id):
            if node.firm is not None:
                key = (node.firm, node.project)
                leaves[key] = (*leaves.get(key, ()), node)
        return leaves

    @cached_property
    def children(self) -> Mapping[str, tuple[QuotaNode, ...]]:
        """The nodes right below each id, by id."""
        below: dict[str, tuple[QuotaNode, ...]] = {}
        for node in sorted(self.nodes.values(), key=lambda node: node.id):
            if node.parent is not None:
                below[node.parent] = (*below.get(node.parent, ()), node)
        return below

    def leaf(self, firm: str, project: str | None, now: Instant) -> QuotaNode | None:
        """The leaf that a firm's job counts against now: its project's if there is one, else the firm's own."""
        candidates = (*self._leaves.get((firm, project), ()), *self._leaves.get((firm, None), ()))
        return next((leaf for leaf in candidates if self._whole_branch_in_force(leaf, now)), None)

    def heir(self, quota_id: str, firm: str, project: str | None, now: Instant) -> QuotaNode | None:
        """What an attempt counts against: the leaf that it began under; when that is gone, its firm's leaf, or the root."""
        if quota_id in self.nodes:
            return self.nodes[quota_id]
        roots = [node for node in self.nodes.values() if node.parent is None]
        return self.leaf(firm, project, now) or (roots[0] if len(roots) == 1 else None)

    def up(self, node: QuotaNode) -> Iterator[QuotaNode]:
        """The node and its ancestors, root last."""
        current: QuotaNode | None = node
        while current is not None:
            yield current
            current = self.nodes[current.parent] if current.parent is not None else None

    def apart(self, node: QuotaNode, other: QuotaNode | None) -> tuple[QuotaNode, ...]:
        """The node and its ancestors as far as the other is not below them; all of them when there is no other."""
        shared = {one.id for one in self.up(other)} if other is not None else ()
        return tuple(takewhile(lambda one: one.id not in shared, self.up(node)))

    def _whole_branch_in_force(self, leaf: QuotaNode, now: Instant) -> bool:
        return all(node.in_force(now) for node in self.up(leaf))


def _ends(nodes: Mapping[str, QuotaNode], node: QuotaNode) -> bool:
    """Whether the way up from a node comes to a root."""
    for _ in nodes:
        if node.parent is None:
            return True
        node = nodes[node.parent]
    return False
