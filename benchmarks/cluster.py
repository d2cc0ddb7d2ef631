"""Clusters made up for measurements: parks of 8-GPU nodes, firms in a tree of three levels, jobs in 200 shapes."""

from collections.abc import Iterator
from dataclasses import dataclass

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, JobSpec, Queued, RankNeeds
from bostan_scheduler.core.node import Gpu, Heard, Node
from bostan_scheduler.core.order.fair_clock import FairClock
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm, Park, Snapshot

NOW = 1_800_000_000_000
CLASSES = ("a100-80g", "h100-80g-sxm")
GPUS = (1, 2, 4, 8)
GANGS = ((1, 2), (1, 4), (1, 8), (2, 4), (4, 4))
"""Replicas, and CPUs for each GPU."""
HOURS = (1, 4, 12, 24, 72)
SHAPES = len(CLASSES) * len(GPUS) * len(GANGS) * len(HOURS)
SHAPES_A_FIRM = 4
PROVINCES = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How large a cluster is."""

    nodes: int
    jobs: int
    parks: int = 100
    firms: int = 500

    def __str__(self) -> str:
        return f"{self.nodes:,} x 8 GPUs, {self.jobs:,} jobs"


def cluster(size: Size) -> Snapshot:
    """Nodes over parks, firms under provinces under one root, and jobs that all wait."""
    machines = [_node(size, number) for number in range(size.nodes)]
    waiting = [_job(size, number) for number in range(size.jobs)]
    return Snapshot(
        NOW,
        jobs={one.id: one for one in waiting},
        nodes={one.id: one for one in machines},
        heard={one.id: NOW for one in machines},
        firms={firm: Firm(firm) for firm in map(_firm, range(size.firms))},
        parks={park: Park(park) for park in (f"park{number:03}" for number in range(size.parks))},
        quota=QuotaTree({one.id: one for one in _quotas(size)}),
    )


def _firm(number: int) -> str:
    return f"firm{number:03}"


def _node(size: Size, number: int) -> Node:
    park, gpu_class = f"park{number % size.parks:03}", CLASSES[number // size.parks % len(CLASSES)]
    name = f"n{number:05}"
    gpus = tuple(Gpu(f"{name}-{index}", gpu_class, 80 * 2**30, gpu_class, index // 4) for index in range(8))
    return Node(f"{park}/{name}", park, name, "boot", Heard(NOW), gpus, 128, 2**40)


def _job(size: Size, number: int) -> Job:
    """Each firm asks for its own four of the 200 shapes."""
    firm = number % size.firms
    shape = (firm * 37 + number // size.firms % SHAPES_A_FIRM * 61) % SHAPES
    gpu_class, rest = CLASSES[shape % len(CLASSES)], shape // len(CLASSES)
    gpus, rest = GPUS[rest % len(GPUS)], rest // len(GPUS)
    (replicas, cpus), hours = GANGS[rest % len(GANGS)], HOURS[rest // len(GANGS)]
    spec = JobSpec(
        name="train",
        firm=_firm(firm),
        project=None,
        command=("python", "train.py"),
        replicas=replicas,
        rank=RankNeeds(gpus, cpus=cpus * gpus),
        gpu_classes=(gpu_class,),
        time_limit_seconds=hours * 3600,
        estimate_seconds=3600,
        checkpoint_on_signal=shape % 3 != 0,
    )
    submitted_at = after(NOW, (number - size.jobs) // 10)
    fair_at_seconds = FairClock().read(submitted_at)
    return Job(
        f"j{number:06}",
        spec,
        submitted_at,
        "member",
        Queued(submitted_at),
        fair_at_seconds=fair_at_seconds,
    )


def _quotas(size: Size) -> Iterator[QuotaNode]:
    """Every firm is guaranteed an equal part of half the pool, and is free to borrow the rest."""
    ever, of_class = after(NOW, 10**9), size.nodes * 8 // len(CLASSES)
    yield _branch("root", None, of_class, ever)
    for number in range(PROVINCES):
        yield _branch(f"province{number}", "root", of_class // PROVINCES, ever)
    part = Gpus(of_class // (2 * size.firms))
    for number in range(size.firms):
        gpus = {one: ClassQuota(part, lend_limit=part) for one in CLASSES}
        yield QuotaNode(_firm(number), f"province{number % PROVINCES}", _firm(number), 0, ever, gpus)


def _branch(name: str, parent: str | None, gpus: int, ever: int) -> QuotaNode:
    of_class = ClassQuota(Gpus(gpus), lend_limit=Gpus(gpus))
    return QuotaNode(name, parent, None, 0, ever, dict.fromkeys(CLASSES, of_class))
