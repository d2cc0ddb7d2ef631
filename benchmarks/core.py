"""How long one plan takes: 1,000 nodes of 8 GPUs, 10,000 pending jobs in 50 shapes.

python -m benchmarks.core [--quick] [--json FILE]
"""

import statistics
import time
from collections.abc import Iterator

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.check import check
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job, JobSpec, Queued, RankNeeds
from bostan_scheduler.core.node import Gpu, Heard, Node
from bostan_scheduler.core.plan import plan
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm, Park, Snapshot

from benchmarks.report import Result, parser, publish

NOW = 1_800_000_000_000
CLASSES = ("a100-80g", "h100-80g-sxm")
FIRMS = 25
PARKS = 20


def main() -> None:
    """Plan from cold, several times over, and print how long it took."""
    arguments = parser(__doc__ or "").parse_args()
    runs = 3 if arguments.quick else 9
    empty, full = cluster(1000, 10_000), after_first_plan(cluster(1000, 10_000))
    results = [*measure("1000x8 GPUs, 10k jobs, empty", empty, runs), *measure("the same, full", full, runs)]
    publish("core", results, arguments.json)


def measure(case: str, snapshot: Snapshot, runs: int) -> Iterator[Result]:
    """Time of a plan from cold, and how many attempts it places a second."""
    times, starts = [], 0
    for _ in range(runs):
        fresh = without_memory(snapshot)
        began = time.perf_counter()
        starts = len(plan(fresh).starts)
        times.append(time.perf_counter() - began)
    peer = ("Slurm 22.05 main pass", 3.8) if starts else (None, None)
    seconds = statistics.median(times)
    yield Result(case, "cold_plan_seconds", seconds, "s", "lower", 1.0, *peer)
    if starts:
        yield Result(case, "placements_per_second", starts / seconds, "1/s", "higher")


def without_memory(snapshot: Snapshot) -> Snapshot:
    """The same snapshot whose jobs have not worked out their shapes yet."""
    jobs = {
        job.id: Job(job.id, job.spec, job.submitted_at, job.submitted_by, job.phase, job.attempts)
        for job in snapshot.jobs.values()
    }
    quota = QuotaTree(snapshot.quota.nodes)
    return Snapshot(
        NOW, nodes=snapshot.nodes, jobs=jobs, attempts=snapshot.attempts, quota=quota, firms=snapshot.firms
    )


def after_first_plan(snapshot: Snapshot) -> Snapshot:
    """The cluster with everything placed that fits."""
    full = apply_all(snapshot, plan(snapshot).starts)
    check(full)
    return full


def cluster(nodes: int, jobs: int) -> Snapshot:
    """Nodes over parks, firms under one root, jobs in 50 shapes."""
    machines = [node(number) for number in range(nodes)]
    waiting = [job(number) for number in range(jobs)]
    return Snapshot(
        NOW,
        jobs={one.id: one for one in waiting},
        nodes={one.id: one for one in machines},
        heard={one.id: NOW for one in machines},
        firms={firm: Firm(firm) for firm in map(firm_of, range(FIRMS))},
        parks={park: Park(park) for park in (f"park{number}" for number in range(PARKS))},
        quota=quota_tree(nodes),
    )


def firm_of(number: int) -> str:
    """The name of a firm."""
    return f"firm{number % FIRMS:02}"


def node(number: int) -> Node:
    """A node of eight GPUs of one class."""
    park, gpu_class = f"park{number % PARKS}", CLASSES[number % len(CLASSES)]
    name = f"n{number:04}"
    gpus = tuple(Gpu(f"{name}-{i}", gpu_class, 80 * 2**30, gpu_class) for i in range(8))
    return Node(f"{park}/{name}", park, name, "boot", Heard(NOW), gpus, 128, 2**40)


def job(number: int) -> Job:
    """A job of one of 50 shapes: 25 firms, each with a small one and a gang."""
    large = number // FIRMS % 2
    rank = RankNeeds(gpus=8 if large and number % 3 == 0 else 1 + number % FIRMS % 4)
    spec = JobSpec(
        name="train",
        firm=firm_of(number),
        project=None,
        command=("python", "train.py"),
        replicas=2 if large else 1,
        rank=rank,
        gpu_classes=(CLASSES[number % 2],),
    )
    submitted_at = after(NOW, number - 100_000)
    return Job(f"j{number:06}", spec, submitted_at, "member", Queued(submitted_at))


def quota_tree(nodes: int) -> QuotaTree:
    """Every firm guaranteed an equal part of half the pool, and free to borrow the rest."""
    of_class = nodes * 4
    ever = after(NOW, 10**9)
    root = QuotaNode("root", None, None, 0, ever, {one: ClassQuota(Gpus(of_class)) for one in CLASSES})
    part = Gpus(of_class // (2 * FIRMS))
    leaves = (
        QuotaNode(firm, "root", firm, 0, ever, {one: ClassQuota(part, lend_limit=part) for one in CLASSES})
        for firm in map(firm_of, range(FIRMS))
    )
    return QuotaTree({one.id: one for one in (root, *leaves)})


if __name__ == "__main__":
    main()
