"""How many ranks of a gang a node will hold, and when that may change, if what runs takes as long as it may."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import WHOLE_GPU, RankNeeds, Shape
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.running import over_by
from bostan_scheduler.core.timeline.block import Block, Stay
from bostan_scheduler.core.timeline.reserved import Reserved
from bostan_scheduler.core.timeline.taken import Holder, holders_on, taken_at
from bostan_scheduler.core.timeline.timeline import Blocks


@dataclass(frozen=True, slots=True)
class Load:
    """CPUs and memory of a node that somebody needs until then."""

    until_at: Instant
    cpus: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class NodeAhead:
    """The GPUs of one class, the CPUs and the memory of a node; who holds how much of them, and what lies ahead there."""

    node_id: str
    gpus: int
    cpus: int
    memory_bytes: int
    holders: Sequence[Holder]
    loads: Sequence[Load]
    blocks: Sequence[Block]

    def ranks(self, shape: Shape, stay: Stay) -> int:
        """How many ranks of a shape may stay there so long, on GPUs that nobody else shares."""
        needs, cpus, memory_bytes = shape.rank, self.cpus, self.memory_bytes
        for one in self.loads:
            if one.until_at > stay.now:
                cpus, memory_bytes = cpus - one.cpus, memory_bytes - one.memory_bytes
        return ranks_in(needs, self._free(shape, stay), cpus, memory_bytes)

    def _free(self, shape: Shape, stay: Stay) -> int:
        """GPUs that are free from the beginning of the stay to its end."""
        ahead = [one for one in self.blocks if one.concerns(shape, stay)]
        if not ahead:
            return self.gpus - len(
                {uuid for one in self.holders if one.until_at > stay.now for uuid in one.gpus}
            )
        instants = {stay.now, *(one.from_at for one in ahead if one.from_at > stay.now)}
        return self.gpus - max(taken_at(at, self.holders, ahead) for at in instants)

    def changes(self, stay_milliseconds: int, worth_milliseconds: int) -> Iterator[Instant]:
        """The beginnings of stays that find more there than earlier ones, or less: who held something is gone, what lay
        ahead is over, or too near for a stay that may last so long, or that has to last so long to be worth it.
        """
        for holder in self.holders:
            yield holder.until_at
        for load in self.loads:
            yield load.until_at
        for block in self.blocks:
            yield block.until_at
            yield block.from_at - stay_milliseconds + 1
            yield block.from_at - worth_milliseconds + 1


def ranks_in(needs: RankNeeds, gpus: int, cpus: int, memory_bytes: int) -> int:
    """How many ranks so much holds; what is not accounted is enough for any."""
    ranks = gpus // needs.gpus * _sharing(needs)
    if needs.cpus is not None:
        ranks = min(ranks, cpus // needs.cpus)
    if needs.memory_bytes is not None:
        ranks = min(ranks, memory_bytes // needs.memory_bytes)
    return max(0, ranks)


def gpus_for(needs: RankNeeds, ranks: int) -> int:
    """GPUs for so many ranks, none of them shared with other jobs."""
    return -(-ranks // _sharing(needs)) * needs.gpus


def _sharing(needs: RankNeeds) -> int:
    """How many ranks share a GPU."""
    return WHOLE_GPU // needs.gpu_milli


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a desk knows of the nodes that have GPUs of a class: what is `kept` for others there, and all that lies ahead."""

    desk: Desk
    gpu_class: str
    kept: Sequence[Reserved]
    blocks: Blocks

    @classmethod
    def of(cls, desk: Desk, gpu_class: str, job_id: str) -> Self:
        """As it is for a job."""
        kept = [one for one in desk.timeline.reserved.values() if one.job_id != job_id]
        return cls(desk, gpu_class, kept, desk.timeline.blocks())

    def node(self, node_id: str) -> NodeAhead:
        """An open node."""
        room = self.desk.room.rooms[node_id]
        gpus, parts = room.gpus[self.gpu_class].all, [one for one in self.kept if one.parts]
        holders = holders_on(self.desk.snapshot, self.desk.running, parts, node_id, self.gpu_class)
        return NodeAhead(
            node_id,
            len(gpus),
            room.node.cpus,
            room.node.memory_bytes,
            [_of(one, gpus) for one in holders],
            list(self._loads(node_id)),
            self.blocks.get((node_id, self.gpu_class), ()),
        )

    def _loads(self, node_id: str) -> Iterator[Load]:
        """Of what runs, whatever its class, and of those for whom GPUs are kept."""
        snapshot = self.desk.snapshot
        for attempt in self.desk.running.on(node_id):
            needs = snapshot.jobs[attempt.job_id].spec.rank
            if needs.cpus is not None or needs.memory_bytes is not None:
                ranks = sum(place.node_id == node_id for place in attempt.places)
                yield _load(needs, ranks, over_by(snapshot, attempt))
        for one in self.kept:
            gpus, job = dict(one.gpus).get(node_id, 0), snapshot.jobs.get(one.job_id)
            if gpus and job is not None:
                needs = job.spec.rank
                yield _load(needs, min(job.spec.replicas, gpus // needs.gpus * _sharing(needs)), one.until_at)


def _load(needs: RankNeeds, ranks: int, until_at: Instant) -> Load:
    return Load(until_at, ranks * (needs.cpus or 0), ranks * (needs.memory_bytes or 0))


def _of(holder: Holder, gpus: frozenset[str]) -> Holder:
    """What is held of these GPUs; one that has failed is nobody's any more when it is given back."""
    if gpus.issuperset(holder.gpus):
        return holder
    return replace(holder, gpus=tuple(uuid for uuid in holder.gpus if uuid in gpus))
