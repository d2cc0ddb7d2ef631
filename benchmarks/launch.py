"""How soon a submitted job prints its first byte, and how many trivial jobs are done in a second.

python -m benchmarks.launch [--quick] [--json FILE]
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bostan import Client
from bostan.api import Archive, Batch, Job, NewJob, Phase

from benchmarks.pool import FIRM, Pool, pool
from benchmarks.report import Result, parser, publish

SIMULATED = "8xH100-80GB-SXM"
GPU_CLASS = "h100-80g-sxm"
WARM_UP = 5


def main() -> None:
    """Measure both, on a pool each, and print the figures."""
    arguments = parser(__doc__ or "").parse_args()
    with pool(1, SIMULATED, GPU_CLASS, 8) as small:
        results = list(first_bytes(small, 20 if arguments.quick else 100))
    with pool(8, SIMULATED, GPU_CLASS, 64) as large:
        results += throughput(large, 100 if arguments.quick else 500)
    publish("launch", results, arguments.json)


def first_bytes(here: Pool, jobs: int) -> Iterator[Result]:
    """One job after the other on an idle pool; the first ones bring the work directory to the node."""
    with here.client(here.member) as client:
        job = _job("launch", ("/bin/echo", "started"), _work_dir(client))
        times = [_milliseconds_to_first_byte(client, job) for _ in range(WARM_UP + jobs)][WARM_UP:]
    case = f"{jobs} jobs, one after the other"
    deciles = statistics.quantiles(times, n=20)
    metric = "submit_to_first_line_{}_ms"
    yield Result(
        case, metric.format("p50"), statistics.median(times), "ms", "lower", 100, "Slurm srun p50", 26
    )
    yield Result(
        case, metric.format("p50"), statistics.median(times), "ms", "lower", 100, "Slurm sbatch, tuned", 900
    )
    yield Result(case, metric.format("p50"), statistics.median(times), "ms", "lower", 100, "Ray Jobs", 1190)
    yield Result(case, metric.format("p95"), deciles[18], "ms", "lower", 250)


def throughput(here: Pool, jobs: int) -> Iterator[Result]:
    """Trivial jobs submitted as one batch, until the last one is finished."""
    with here.client(here.member) as client:
        _finished(client, client.submit(_job("warm-up", ("/bin/true",))).id)
        began = time.time_ns() // 1_000_000
        ids = client.send_batch(Batch(jobs=(_job("trivial", ("/bin/true",)),) * jobs)).ids
        for one in reversed(ids):
            _finished(client, one)
        last = max(job.finished_at or 0 for job in client.jobs(name="trivial"))
    rate = jobs * 1000 / (last - began)
    case = f"{jobs} at once on 64 GPUs"
    yield Result(case, "jobs_completed_per_second", rate, "1/s", "higher", 40, "Slurm, tuned", 57)
    yield Result(case, "jobs_completed_per_second", rate, "1/s", "higher", 40, "HyperQueue", 265)


def _milliseconds_to_first_byte(client: Client, job: NewJob) -> int:
    """From before the POST to the agent's stamp; both clocks are this machine's."""
    posted = time.time_ns() // 1_000_000
    ended = _finished(client, client.submit(job).id)
    assert ended.attempt is not None
    assert ended.attempt.ranks[0].first_output_at is not None
    return ended.attempt.ranks[0].first_output_at - posted


def _finished(client: Client, job_id: str) -> Job:
    job = client.wait(job_id, 300)
    assert job.phase is Phase.FINISHED
    assert job.state == "succeeded", job.outcome_detail
    return job


def _job(name: str, command: tuple[str, ...], work_dir: Archive | None = None) -> NewJob:
    return NewJob(name=name, firm=FIRM, command=command, work_dir=work_dir)


def _work_dir(client: Client) -> Archive:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "train.py").write_text("print('hello')\n" * 200)
        return client.upload_work_dir(folder)


if __name__ == "__main__":
    main()
