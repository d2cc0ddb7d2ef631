"""When a gang that has no room now will have it, if what runs takes as long as it may.

It begins at the first instant at which enough ranks have room by GPUs, CPUs and memory on nodes of one park, until they are
over at the latest: no window and nothing that is kept for others is in the way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.running import over_when_started
from bostan_scheduler.core.timeline.block import Stay
from bostan_scheduler.core.timeline.node_ahead import Ahead, NodeAhead, gpus_for, ranks_in
from bostan_scheduler.core.timeline.reserved import Reserved


@dataclass(frozen=True, slots=True)
class Opening:
    """From `at` on, these nodes of a park have room for so many ranks each: the whole gang."""

    at: Instant
    park: str
    gpu_class: str
    ranks: tuple[tuple[str, int], ...]


def reservation(desk: Desk, job: Job, gpu_classes: Mapping[str, Instant]) -> Reserved | None:
    """GPUs kept for a gang at the earliest instant that there is, of each class not before its own; None when no park could ever hold it."""
    best: Opening | None = None
    for search in _searches(desk, job, gpu_classes):
        opening = search.opening(best.at if best is not None else None)
        if opening is not None:
            best = opening if best is None else min(best, opening, key=_soonest)
    if best is None:
        return None
    gpus = tuple((node_id, gpus_for(job.spec.rank, ranks)) for node_id, ranks in best.ranks)
    now, lapses_at = desk.snapshot.now, _lapses_at(desk, best.at)
    until_at = over_when_started(desk.snapshot, job, lapses_at)
    return Reserved(job.id, best.park, best.gpu_class, gpus, now, best.at, lapses_at, until_at)


def _lapses_at(desk: Desk, at: Instant) -> Instant:
    return after(at, desk.snapshot.settings.preemption.claim_seconds)


def _soonest(opening: Opening) -> tuple[Instant, str, str]:
    return opening.at, opening.park, opening.gpu_class


def _searches(desk: Desk, job: Job, gpu_classes: Mapping[str, Instant]) -> "Iterator[Search]":
    """One for each park that could hold the gang if it were idle."""
    for gpu_class, begin in gpu_classes.items():
        ahead = Ahead.of(desk, gpu_class, job.id)
        for park in desk.room.pools_of(gpu_class):
            here = _large_enough(desk, job, gpu_class, park) if job.spec.parks.admit(park) else {}
            if sum(here.values()) >= job.spec.replicas:
                yield Search(desk, job, park, gpu_class, begin, [ahead.node(one) for one in here])


@dataclass(slots=True)
class Search:
    """A walk through the instants, from `begin` on, at which the room of a park's nodes changes. `ranks` is how many each holds by then."""

    desk: Desk
    job: Job
    park: str
    gpu_class: str
    begin: Instant
    nodes: Sequence[NodeAhead]
    ranks: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def opening(self, latest: Instant | None = None) -> Opening | None:
        """From the first instant at which there is room for the whole gang; None when that is after `latest`."""
        for at, nodes in self._changes():
            if latest is not None and at > latest:
                return None
            stay = self._stay(at)
            for node in nodes:
                ranks = node.ranks(self.job.shape, stay)
                self.total += ranks - self.ranks.get(node.node_id, 0)
                self.ranks[node.node_id] = ranks
            if self.total >= self.job.spec.replicas:
                return Opening(at, self.park, self.gpu_class, self._fewest_nodes())
        return None

    def _fewest_nodes(self) -> tuple[tuple[str, int], ...]:
        """Nodes for the whole gang, and ranks for each; those with most room first."""
        left, ranks = self.job.spec.replicas, dict[str, int]()
        for node_id, most in sorted(self.ranks.items(), key=lambda one: (-one[1], one[0])):
            ranks[node_id] = min(left, most)
            left -= ranks[node_id]
            if not left:
                break
        assert not left, f"{self.job.id} has no room there"
        return tuple(sorted(ranks.items()))

    def _changes(self) -> Iterator[tuple[Instant, Iterable[NodeAhead]]]:
        """At first all nodes; then those that change, instant by instant."""
        begin = self.begin
        yield begin, self.nodes
        stay = self._stay(begin)
        longest, worth = stay.end - begin, after(stay.worth, self.job.shape.stop_seconds) - begin
        changes = [
            (at, number)
            for number, node in enumerate(self.nodes)
            for at in node.changes(longest, worth)
            if at > begin
        ]
        heapify(changes)
        while changes:
            at, numbers = changes[0][0], dict[int, None]()
            while changes and changes[0][0] == at:
                numbers[heappop(changes)[1]] = None
            yield at, [self.nodes[number] for number in numbers]

    def _stay(self, at: Instant) -> Stay:
        """It may start as late as its reservation lapses."""
        snapshot, lapses_at = self.desk.snapshot, _lapses_at(self.desk, at)
        worth = after(lapses_at, snapshot.settings.preemption.min_run_seconds)
        return Stay(at, worth, over_when_started(snapshot, self.job, lapses_at), self.job.id)


def _large_enough(desk: Desk, job: Job, gpu_class: str, park: str) -> Mapping[str, int]:
    """How many ranks each open node of a park holds when it is idle; those that hold none are left out."""
    ranks = dict[str, int]()
    for node_id, _ in desk.room.nodes_with(park, gpu_class):
        room = desk.room.rooms[node_id]
        gpus, node = len(room.gpus[gpu_class].all), room.node
        ranks[node_id] = ranks_in(job.spec.rank, gpus, node.cpus, node.memory_bytes)
    return {node_id: count for node_id, count in ranks.items() if count}
