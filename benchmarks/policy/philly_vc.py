"""Philly's virtual clusters as firms, each guaranteed a quarter of its nodes, in one pool that lends what is idle.

python -m benchmarks.policy philly-vc [--jobs FILE] [--nodes FILE] [--sigma 1] [--restart 300] [--order ORDER]
    [--quick] [--json FILE]

The same jobs, with the same estimates, are also run by the same order where each firm has its own nodes and nothing
else. Sharing is to be worth it for every firm: `worst_tenant_queue_ratio` is the worst of the firms' mean queue in the
pool over that with its own nodes, the queue being all the time that a job takes beyond its own run time. Taken are the
jobs of the two months that are compared in the Helios study (SC'21), if the file has any then, else all. The study's
own figures are of another set of jobs from the same clusters, on all of their nodes. So the calibration, FIFO that
passes nobody, is beside a simulator of the same jobs; it agrees where firms have their own nodes, and have no quotas to share.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.pool import Nodes, Pool, shared_quota
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.readers.table import problem
from bostan_scheduler.sim.readers.table import rows as lines
from bostan_scheduler.sim.records import JobRecord
from bostan_scheduler.sim.world import Work

from benchmarks.policy.figures import Beside, completion, queues, results, told, worst_ratio
from benchmarks.policy.published import table
from benchmarks.policy.runs import PRODUCTION, STRICT_FIFO, Row, arriving, rows, serve, split
from benchmarks.policy.traces import folder, found, sigma, stem
from benchmarks.report import Result, parser, publish

JOBS, NODES, PUBLISHED = "philly_vc_jobs.csv.gz", "philly_vc_nodes.csv", "helios_philly_published.csv"
# 2017-10-01 to 2017-11-30, in seconds from the first submission; a quick look is at the first week.
FROM, UNTIL, WEEK = 2_294_959, 7_565_359, 7 * 86_400
NODE_GPUS, QUARTER = 8, 4
TARGETS = {"avg_jct_seconds": 12_700.0, "p99_jct_seconds": 235_000.0, "worst_tenant_queue_ratio": 1.0}
PEERS = {PRODUCTION: "qssf"}
# Strict first come, first served over the same jobs and nodes in an event simulator of forty lines, without quotas in the pool.
PLAIN = "plain event simulator"
PLAIN_POOL = {"avg_jct_seconds": 15_644.0, "p99_jct_seconds": 224_862.0}
PLAIN_PARTITION = {"avg_jct_seconds": 188_487.0, "p99_jct_seconds": 2_220_036.0}


def main(arguments: Sequence[str]) -> None:
    """Run the pool and the partition and print ours beside what was published."""
    options = parser(__doc__ or "")
    options.add_argument("--jobs", type=Path, metavar="FILE", help="default: those of the traces")
    options.add_argument(
        "--nodes", type=Path, metavar="FILE", help="nodes of each firm; default: of the traces"
    )
    options.add_argument(
        "--sigma", type=sigma, default="1", metavar="S", help="errors of estimates, or `none`"
    )
    options.add_argument("--restart", type=int, default=300, metavar="SECONDS", help="what a restart costs")
    options.add_argument("--order", choices=sorted(ORDERS), help="this order alone")
    given = options.parse_args(arguments)
    missing = [name for at, name in ((given.jobs, JOBS), (given.nodes, NODES)) if at is None]
    if not found(*missing):
        return
    jobs = given.jobs or folder() / JOBS
    owned = quarters(given.nodes or folder() / NODES)
    asked = read(jobs, tuple(owned), given.quick)
    compared = stem(jobs) == stem(Path(JOBS)) and not given.quick
    results_of: list[Result] = []
    for row in rows(given.order, given.quick, (STRICT_FIFO,)):
        tenancy = Tenancy(row.case(stem(jobs)), row, owned, given.restart)
        results_of += told(measure(tenancy, arriving(asked, tenancy.pool, given.sigma), compared))
    publish("policy philly-vc", results_of, given.json)


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Who owns how many nodes, and the order that they are served in."""

    case: str
    row: Row
    owned: Mapping[str, int]
    restart_seconds: int

    @property
    def pool(self) -> Pool:
        """The nodes of all."""
        return Pool((Nodes(sum(self.owned.values()), NODE_GPUS, "v100"),), {})

    def shared(self, jobs: tuple[Work, ...]) -> list[JobRecord]:
        """All in one pool: each is guaranteed as many GPUs as its nodes have, and lends them."""
        guaranteed = {firm: NODE_GPUS * nodes for firm, nodes in self.owned.items()}
        quota = shared_quota(self.pool, guaranteed)
        return list(serve(self.case, self.row, self.pool, quota, jobs, self.restart_seconds).jobs)

    def alone(self, jobs: tuple[Work, ...]) -> list[JobRecord]:
        """Each on its own nodes."""
        return [one for firm, own in split(jobs) for one in self._alone(firm, own)]

    def _alone(self, firm: str, jobs: tuple[Work, ...]) -> tuple[JobRecord, ...]:
        pool = Pool((Nodes(self.owned[firm], NODE_GPUS, "v100"),), {})
        quota = shared_quota(pool, {firm: NODE_GPUS * self.owned[firm]})
        case = f"{self.case}, partition {firm}"
        return serve(case, self.row, pool, quota, jobs, self.restart_seconds).jobs


def measure(tenancy: Tenancy, jobs: tuple[Work, ...], compared: bool) -> Iterator[Result]:
    """The figures of the pool, and beside them those of the partition."""
    alone, shared = tenancy.alone(jobs), tenancy.shared(jobs)
    values = completion(shared) | {"worst_tenant_queue_ratio": worst(tenancy.case, shared, alone)}
    pool, partition = beside(tenancy.row) if compared else (Beside(), Beside())
    yield from results(tenancy.case, values, pool)
    yield from results(f"{tenancy.case}, partition", completion(alone), partition)


def worst(case: str, shared: Sequence[JobRecord], alone: Sequence[JobRecord]) -> float:
    """The ratio of queues of the firm to which sharing did least good; all are said on standard error."""
    pooled, own = queues(shared), queues(alone)
    for firm, seconds in pooled.items():
        print(
            f"{case}, {firm}: queue {seconds:,.0f} s, with its own nodes {own[firm]:,.0f} s", file=sys.stderr
        )
    return worst_ratio(pooled, own)


def beside(row: Row) -> tuple[Beside, Beside]:
    """What the pool and the partition are held against; for the calibration the same policy in a simulator that is plain."""
    if row == STRICT_FIFO:
        return Beside(PLAIN, PLAIN_POOL), Beside(PLAIN, PLAIN_PARTITION)
    targets = TARGETS if row.order == PRODUCTION else {}
    return Beside(targets=targets), published(PEERS.get(row.order))


def published(policy: str | None) -> Beside:
    """The mean of the Helios study for a policy over all clusters: other jobs, in a static partition."""
    path = folder() / PUBLISHED
    if policy is None or not path.is_file():
        return Beside()
    [mean] = table(path, f"{policy}_avg_jct_s", vc="all")
    return Beside(f"Helios {policy.upper()}, other jobs", {"avg_jct_seconds": mean})


def quarters(path: Path) -> dict[str, int]:
    """How many nodes each firm owns here: a quarter of those in the file, and one at least. Raises `InvalidFile`."""
    return {
        row.text("vc"): max(1, row.whole("node num", 1) // QUARTER) for row in lines(path, ("vc", "node num"))
    }


def read(path: Path, firms: Sequence[str], quick: bool) -> list[Asked]:
    """The jobs of these firms in the window, else all of theirs. Raises `InvalidFile`."""
    known = {"firms": ",".join(firms)}
    until = FROM + WEEK if quick else UNTIL
    window = {"from_seconds": str(FROM), "until_seconds": str(until)}
    trace = f"philly-vc:{path}"
    asked = read_trace(trace, Options({**known, **window}))
    if asked:
        return asked
    print(f"{path}: nothing from second {FROM} to {until}: all is taken", file=sys.stderr)
    asked = read_trace(trace, Options(known))
    if not asked:
        raise problem(
            path, None, "vc", "has no job of a firm that has nodes", f"it may be {', '.join(firms)}"
        )
    return asked
