"""Whose turn it is: the leaf with the smallest share of its guarantee, and of its jobs the oldest."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Shape
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger


@dataclass(slots=True)
class LeafQueue:
    """The waiting jobs of one quota leaf, by shape; within a shape, oldest first."""

    leaf: QuotaNode
    lines: dict[Shape, list[Job]] = field(default_factory=lambda: defaultdict(list))
    heads: list[tuple[Instant, str, Shape]] = field(default_factory=list)
    passed: dict[Shape, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, job: Job) -> None:
        """One more job, younger than those before."""
        self.lines[job.shape].append(job)

    def head(self) -> Job | None:
        """The oldest job whose shape has not been blocked."""
        if not self.heads:
            return None
        shape = self.heads[0][2]
        return self.lines[shape][self.passed[shape]]

    def open(self) -> None:
        """Order the shapes by their oldest jobs, once all jobs are in."""
        self.heads = [_entry(jobs[0], shape) for shape, jobs in self.lines.items()]
        heapq.heapify(self.heads)

    def pass_head(self) -> None:
        """The head has started: the next of its shape takes its place."""
        shape = heapq.heappop(self.heads)[2]
        self.passed[shape] += 1
        if self.passed[shape] < len(self.lines[shape]):
            heapq.heappush(self.heads, _entry(self.lines[shape][self.passed[shape]], shape))

    def block_head(self) -> None:
        """The head's shape does not fit: nothing of that shape will in this plan, since room only shrinks."""
        heapq.heappop(self.heads)


def _entry(job: Job, shape: Shape) -> tuple[Instant, str, Shape]:
    """Ids are unique, so that two shapes are never compared."""
    return job.submitted_at, job.id, shape


def leaf_queues(jobs: Iterable[tuple[QuotaNode, Job]]) -> list[LeafQueue]:
    """The jobs by leaf, each leaf's oldest first."""
    queues: dict[str, LeafQueue] = {}
    for leaf, job in sorted(jobs, key=lambda one: (one[1].submitted_at, one[1].id)):
        queues.setdefault(leaf.id, LeafQueue(leaf)).add(job)
    for queue in queues.values():
        queue.open()
    return list(queues.values())


def turns(queues: list[LeafQueue], ledger: QuotaLedger) -> Iterator[LeafQueue]:
    """Leaves in turn, by share of the guarantee, then by their oldest job. Each must pass or block its head."""
    heap = [entry for queue in queues if (entry := _turn(queue, ledger)) is not None]
    heapq.heapify(heap)
    while heap:
        *_, queue = heap[0]
        yield queue
        entry = _turn(queue, ledger)
        if entry is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, entry)


def _turn(queue: LeafQueue, ledger: QuotaLedger) -> tuple[float, Instant, str, LeafQueue] | None:
    head = queue.head()
    return None if head is None else (ledger.share(queue.leaf), head.submitted_at, head.id, queue)
