"""Pods arrive one by one at 1,213 GPU nodes and never leave: how much of the GPUs can be given out at full demand.

python -m benchmarks.policy openb [--nodes FILE --pods FILE --order FILE] [--seeds 42-51] [--quick] [--json FILE]

The ledger and the placement are those of the planner. All pods are of one firm. What is printed for a workload is
the mean, over the arrivals at which the demand so far is 100 % of the GPUs, of the part of them that is given out.
"""

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bostan_scheduler.core.job import WHOLE_GPU, Job, JobSpec, Queued, RankNeeds, Shape
from bostan_scheduler.core.node import Gpu, Heard, Node
from bostan_scheduler.core.placement import Placement, place, place_in_any
from bostan_scheduler.core.room import Demand, Ledger, Mix
from bostan_scheduler.core.room.held import Claim
from bostan_scheduler.core.room.mix import demand_of
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.readers.table import problem, rows

from benchmarks.policy.published import by_column
from benchmarks.policy.traces import folder, found, numbers
from benchmarks.report import Result, parser, publish

PARK, FIRM, NOW = "openb", "openb", 1_800_000_000_000
NODES, PUBLISHED = "openb_nodes.csv.gz", "openb_published_alloc.csv.gz"
TARGETS = {"default": 95.2, "gpuspec33": 87.7}
AMOUNT_MAX = 1_000_000_000
FULL_PERCENT = 100

Policy = Literal["gradient", "best fit"]
"""By what becomes unusable to the workload of the pod file and by how free the classes are; or by fit alone."""
PUBLISHED_AS: dict[Policy, str] = {"gradient": "06-FGD", "best fit": "05-BestFit"}


@dataclass(frozen=True, slots=True)
class Workload:
    """The files of one workload, and its name in the published table."""

    name: str
    nodes: Path
    pods: Path
    order: Path


def main(arguments: Sequence[str]) -> None:
    """Run all seeds of the workloads and print ours beside what was published."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--nodes", type=Path, metavar="FILE", help="the nodes (default: those of the traces)"
    )
    options.add_argument("--pods", type=Path, metavar="FILE", help="the pods of one workload")
    options.add_argument(
        "--order", type=Path, metavar="FILE", help="in which order they arrive, seed by seed"
    )
    options.add_argument("--seeds", type=numbers, default="42-51", metavar="N-N")
    given = options.parse_args(arguments)
    if (given.pods is None) != (given.order is None):
        options.error("--pods and --order go together")
    results: list[Result] = []
    for workload in workloads(given.nodes, given.pods, given.order):
        results += measure(workload, given.seeds[:1] if given.quick else given.seeds)
    if results:
        publish("policy openb", results, given.json)


def workloads(nodes: Path | None, pods: Path | None, order: Path | None) -> Iterator[Workload]:
    """The one that the files make, else those of the traces."""
    if pods is not None and order is not None:
        name = pods.name.partition(".")[0].removeprefix("openb_pods_")
        if nodes is not None or found(NODES):
            yield Workload(name, nodes or folder() / NODES, pods, order)
        return
    for name in TARGETS:
        files = (f"openb_pods_{name}.csv.gz", f"openb_order_{name}_seeds42-51.csv.gz")
        if found(NODES, *files):
            yield Workload(name, nodes or folder() / NODES, folder() / files[0], folder() / files[1])


def measure(workload: Workload, seeds: Sequence[int]) -> Iterator[Result]:
    """The figures of every seed and their mean, for placement as it is and for best fit alone."""
    snapshot, pods = Snapshot(NOW, nodes=nodes(workload.nodes)), shapes(workload.pods)
    orders = arrivals(workload.order, seeds, pods.keys())
    mixes: dict[Policy, Mix] = {"best fit": Mix(), "gradient": mix_of(pods.values())}
    for policy, known in mixes.items():
        peers = published(workload.name, PUBLISHED_AS[policy])
        values: dict[str, float] = {}
        for seed in seeds:
            print(f"{workload.name}, {policy}, seed {seed}", file=sys.stderr)
            arriving = (pods[name] for name in orders[seed])
            values[str(seed)] = allocation_percent(Ledger.of(snapshot, known), arriving, PLACERS[policy])
        yield from _results(workload.name, policy, values, peers)


def _results(
    name: str, policy: Policy, values: dict[str, float], peers: dict[str, float]
) -> Iterator[Result]:
    peer = PUBLISHED_AS[policy] if peers else None
    for seed, value in values.items():
        yield _result(f"{name}, {policy}, seed {seed}", value, None, peer, peers.get(seed))
    known = [peers[seed] for seed in values if seed in peers]
    target = TARGETS.get(name) if policy == "gradient" else None
    mean_peer = sum(known) / len(known) if known else None
    yield _result(f"{name}, {policy}, mean", sum(values.values()) / len(values), target, peer, mean_peer)


def _result(case: str, value: float, target: float | None, peer: str | None, at: float | None) -> Result:
    return Result(case, "gpu_allocation_percent", value, "%", "higher", target, peer, at)


def published(workload: str, policy: str) -> dict[str, float]:
    """What a published policy reached at full demand, by seed; nothing when the table is not there."""
    path = folder() / PUBLISHED
    if not path.is_file():
        return {}
    where = {"workload": f"openb_pod_list_{workload}", "sc_policy": policy}
    return dict(by_column(path, "seed", str(FULL_PERCENT), **where))


def balanced(ledger: Ledger, shape: Shape) -> Placement | None:
    """Where a pod goes: to a node of any class that it takes, all being equal to it."""
    if shape.rank.gpus == 0:
        return place(ledger, shape, None)
    found = place_in_any(ledger, shape, shape.gpu_classes or ledger.classes(0))
    return found[1] if found is not None else None


def tightest(ledger: Ledger, shape: Shape) -> Placement | None:
    """The same, but where it fits tightest of all classes: what is published as best fit."""
    classes = (shape.gpu_classes or tuple(ledger.classes(0))) if shape.rank.gpus else (None,)
    found = (place(ledger, shape, one) for one in classes)
    return min((one for one in found if one is not None), key=lambda one: one.cost, default=None)


Placer = Callable[[Ledger, Shape], Placement | None]
PLACERS: dict[Policy, Placer] = {"gradient": balanced, "best fit": tightest}


def allocation_percent(ledger: Ledger, arriving: Iterable[Shape], placed: Placer) -> float:
    """The mean part of the GPUs that is given out while the demand so far, what was refused too, is 100 % of them."""
    capacity = WHOLE_GPU * sum(pool.gpus for pool in ledger.pools.values())
    arrived = used = 0
    samples: list[float] = []
    for number, shape in enumerate(arriving):
        asked = shape.gpus * shape.rank.gpu_milli
        arrived += asked
        placement = placed(ledger, shape)
        if placement is not None:
            ledger.put_claim(f"pod.{number}", Claim(shape.rank, FIRM, placement.places))
            used += asked
        percent = round(100 * arrived / capacity)
        if percent > FULL_PERCENT:
            break
        if percent == FULL_PERCENT:
            samples.append(100 * used / capacity)
    assert samples, "the demand never comes to all GPUs"
    return sum(samples) / len(samples)


def mix_of(shapes: Iterable[Shape]) -> Mix:
    """What a pod of the file asks for, and how many do."""
    weights: dict[Demand, int] = {}
    for shape in shapes:
        demand = demand_of(shape)
        weights[demand] = weights.get(demand, 0) + 1
    return Mix(weights)


def nodes(path: Path) -> dict[str, Node]:
    """The nodes of a file. CPUs are counted in thousandths. Raises `InvalidFile`."""
    found: dict[str, Node] = {}
    for row in rows(path, ("sn", "cpu_milli", "memory_mib", "gpu", "model")):
        name, model = row.text("sn"), row.text("model")
        gpus = tuple(Gpu(f"{name}:{number}", model, 1, model) for number in range(row.whole("gpu", 0, 64)))
        cpus, memory_mib = row.whole("cpu_milli", 0, AMOUNT_MAX), row.whole("memory_mib", 0, AMOUNT_MAX)
        node_id = f"{PARK}/{name}"
        found[node_id] = Node(node_id, PARK, name, "boot", Heard(NOW), gpus, cpus, memory_mib * 2**20)
    return found


def shapes(path: Path) -> dict[str, Shape]:
    """The pods of a file by name. Raises `InvalidFile`."""
    found: dict[str, Shape] = {}
    for row in rows(
        path, ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"), optional=("gpu_spec",)
    ):
        gpus, milli = row.whole("num_gpu", 0, 64), row.whole("gpu_milli", 0, WHOLE_GPU)
        if gpus > 1 and milli != WHOLE_GPU:
            raise row.wrong("gpu_milli", f"is {milli} on {gpus} GPUs", f"write {WHOLE_GPU}")
        rank = RankNeeds(
            gpus,
            cpus=row.whole("cpu_milli", 0, AMOUNT_MAX) or None,
            memory_bytes=row.whole("memory_mib", 0, AMOUNT_MAX) * 2**20 or None,
            gpu_milli=milli if gpus else WHOLE_GPU,
        )
        classes = tuple(sorted(set(filter(None, row.values["gpu_spec"].split("|")))))
        spec = JobSpec(row.text("name"), FIRM, None, ("true",), rank=rank, gpu_classes=classes)
        found[spec.name] = Job(spec.name, spec, NOW, FIRM, Queued(NOW)).shape
    return found


def arrivals(path: Path, seeds: Iterable[int], known: Container[str]) -> dict[int, list[str]]:
    """The names of pods in the order of their arrival, by seed. Raises `InvalidFile`."""
    orders: dict[int, list[str]] = {seed: [] for seed in seeds}
    for row in rows(path, ("seed", "pos", "pod_name")):
        order = orders.get(row.whole("seed"))
        if order is not None:
            if row.whole("pos") != len(order):
                raise row.wrong("pos", f"is {row.whole('pos')} after {len(order) - 1}", "sort by pos")
            if row.text("pod_name") not in known:
                raise row.wrong(
                    "pod_name", f"{row.text('pod_name')[:40]} is not among the pods", "add it there"
                )
            order.append(row.text("pod_name"))
    for seed, order in orders.items():
        if not order:
            raise problem(path, None, "seed", f"{seed} is not there", "ask for another with --seeds")
    return orders
