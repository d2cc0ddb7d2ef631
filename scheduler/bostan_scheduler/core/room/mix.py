"""The workload that GPUs are kept usable for: what known jobs ask of a node, and how often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.job import SHAPES_KEPT, WHOLE_GPU, Job, RankNeeds, Shape

NODE_GPUS = 8
"""Ranks of one gang are asked of a node together, up to this many GPUs."""
DEMANDS_MAX = 512


@dataclass(frozen=True, slots=True)
class Demand:
    """What one node is asked for: `ranks` ranks of one job. No `gpu_classes`: any whole GPU with that much memory."""

    needs: RankNeeds
    ranks: int = 1
    gpu_classes: tuple[str, ...] = ()
    min_gpu_memory_bytes: int = 0
    firm: str = ""


@dataclass(frozen=True, slots=True)
class Mix:
    """Demands with their weights. What is rare beyond the first `DEMANDS_MAX` is left out."""

    weights: Mapping[Demand, int] = field(default_factory=dict)

    def heaviest(self) -> list[tuple[Demand, int]]:
        """The demands for GPUs that count, in an order that depends on nothing else."""
        with_gpus = ((one, weight) for one, weight in self.weights.items() if one.needs.gpus and weight)
        return sorted(with_gpus, key=lambda one: (-one[1], repr(one[0])))[:DEMANDS_MAX]


@dataclass(slots=True, eq=False)
class Tally:
    """How many known jobs have a demand."""

    demand: Demand
    jobs: int = 0


@dataclass(slots=True)
class Known:
    """What known jobs ask for, counted.

    What only one job asks for says nothing of the next, so it has no weight. A weight is a count rounded down to a
    power of two: so it changes seldom, and the same jobs give the same mix whatever came before.
    """

    by_job: dict[str, Tally] = field(default_factory=dict)
    by_shape: dict[Shape, Tally] = field(default_factory=dict)
    by_demand: dict[Demand, Tally] = field(default_factory=dict)
    changed: bool = True

    @classmethod
    def of(cls, jobs: Iterable[Job]) -> "Known":
        """What these jobs ask for."""
        counted = cls()
        for job in jobs:
            counted.put(job)
        return counted

    def put(self, job: Job) -> None:
        """A job is known, and what it asks for now."""
        tally, before = self._tally(job.shape), self.by_job.get(job.id)
        if before is tally:
            return
        if before is not None:
            self._count(before, -1)
        self.by_job[job.id] = tally
        self._count(tally, 1)

    def drop(self, job_id: str) -> None:
        """A job is known no more; nothing if it was not."""
        tally = self.by_job.pop(job_id, None)
        if tally is not None:
            self._count(tally, -1)

    def mix(self) -> Mix:
        """The mix of the jobs known."""
        self.changed = False
        return Mix({tally.demand: weight(tally.jobs) for tally in self.by_demand.values() if tally.jobs > 1})

    def _tally(self, shape: Shape) -> Tally:
        tally = self.by_shape.get(shape)
        if tally is None:
            demand = demand_of(shape)
            tally = self.by_demand.setdefault(demand, Tally(demand))
            if len(self.by_shape) >= SHAPES_KEPT:
                self._forget_unused()
            self.by_shape[shape] = tally
        return tally

    def _forget_unused(self) -> None:
        self.by_shape.clear()
        self.by_demand = {demand: tally for demand, tally in self.by_demand.items() if tally.jobs}

    def _count(self, tally: Tally, step: int) -> None:
        before = tally.jobs
        tally.jobs += step
        self.changed = self.changed or weight(before) != weight(tally.jobs)


def weight(jobs: int) -> int:
    """How much a demand counts that so many jobs have."""
    return 1 << (jobs.bit_length() - 1) if jobs > 1 else 0


def demand_of(shape: Shape) -> Demand:
    """What a gang asks of each node, when it is put on few of them."""
    rank = shape.rank
    together = max(1, NODE_GPUS // rank.gpus) if rank.gpus and rank.gpu_milli == WHOLE_GPU else 1
    firm = shape.firm if rank.gpu_milli < WHOLE_GPU else ""
    return Demand(rank, min(shape.replicas, together), shape.gpu_classes, shape.min_gpu_memory_bytes, firm)
