"""How many jobs are accepted in a second, each kept on disk before it is acknowledged.

python -m benchmarks.submit [--quick] [--json FILE]
"""

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from benchmarks.pool import FIRM, Pool, pool
from benchmarks.report import Result, parser, publish

CONNECTIONS = 16
BATCH_CONNECTIONS = 4
BATCH = 100
JOB = {"name": "submitted", "firm": FIRM, "command": ["/bin/true"]}


def main() -> None:
    """Submit to a centre without nodes, so that nothing but taking jobs in is measured."""
    arguments = parser(__doc__ or "").parse_args()
    one_by_one, batches = (800, 50) if arguments.quick else (4000, 200)
    with pool(0, "", "h100-80g-sxm", 64) as here:
        results = [*single(here, one_by_one), *in_batches(here, batches)]
    publish("submit", results, arguments.json)


def single(here: Pool, jobs: int) -> Iterator[Result]:
    """One job a request."""
    rate = jobs / _seconds(here, "/v1/jobs", json.dumps(JOB), jobs, CONNECTIONS)
    case = f"{jobs} one by one, {CONNECTIONS} connections"
    yield Result(case, "submits_per_second", rate, "1/s", "higher", 500, "Slurm sbatch", 355)
    yield Result(case, "submits_per_second", rate, "1/s", "higher", 500, "dstack", 7.6)


def in_batches(here: Pool, batches: int) -> Iterator[Result]:
    """A hundred jobs a request."""
    body = json.dumps({"jobs": [JOB] * BATCH})
    seconds = _seconds(here, "/v1/job-batches", body, batches, BATCH_CONNECTIONS)
    case = f"{batches} batches of {BATCH}, {BATCH_CONNECTIONS} connections"
    yield Result(case, "submits_per_second", batches * BATCH / seconds, "1/s", "higher", 5000)


def _seconds(here: Pool, path: str, body: str, requests: int, connections: int) -> float:
    """How long so many POSTs take, shared between connections that stay open."""
    shares = [requests // connections] * connections
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        done = sum(threads.map(lambda share: _post_all(here, path, body.encode(), share), shares))
    assert done == sum(shares)
    return (time.perf_counter() - began) * requests / done


def _post_all(here: Pool, path: str, body: bytes, count: int) -> int:
    """One connection's share: plain HTTP, so that the measuring costs little. How many were accepted."""
    connection = http.client.HTTPConnection(urlsplit(here.address["url"]).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {here.member}", "Content-Type": "application/json"}
    for _ in range(count):
        connection.request("POST", path, body, {**headers, "Idempotency-Key": uuid.uuid4().hex})
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 201, said
    connection.close()
    return count


if __name__ == "__main__":
    main()
