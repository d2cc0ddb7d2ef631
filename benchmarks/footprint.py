"""What an idle centre, an idle agent and a rank's shim take of a machine, and how soon a centre is ready.

python -m benchmarks.footprint [--quick] [--json FILE]
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from bostan.api import NewJob, NewRank

from benchmarks.driver import driver
from benchmarks.pool import FIRM, Pool, quotas_for
from benchmarks.report import Result, parser, publish

MIB = 2**20
SETTLE_SECONDS = 5.0
MARK = "86399.25"  # seconds that nobody else sleeps


def main() -> None:
    """Start one of each, let them settle, and look."""
    arguments = parser(__doc__ or "").parse_args()
    seconds = 5.0 if arguments.quick else 30.0
    with tempfile.TemporaryDirectory(prefix="bostan-bench-", ignore_cleanup_errors=True) as folder:
        here = Pool(Path(folder))
        try:
            results = [*centre(here), *agents(here, seconds), *shim(here)]
        finally:
            here.stop()
    publish("footprint", results, arguments.json)


def centre(here: Pool) -> Iterator[Result]:
    """From `serve` to ready, and the memory of all its processes, Ray's among them."""
    yield Result("centre", "start_to_ready_seconds", here.start_centre(), "s", "lower", 15)
    here.open(quotas_for("h100-80g-sxm", 8))
    time.sleep(SETTLE_SECONDS)
    assert here.centre is not None
    yield Result(
        "centre", "centre_pss_mb", sum(map(_pss, _with_children(here.centre.pid))), "MiB", "lower", 1024
    )
    yield Result("centre", "centre_processes", len(_with_children(here.centre.pid)), "", "lower")


def agents(here: Pool, seconds: float) -> Iterator[Result]:
    """An agent that reads eight GPUs by NVML in a child, and one that simulates them; neither runs anything."""
    words, environment = driver(here.folder / "driver", 8)
    started = {
        f"agent, NVML child, {words}": here.start_agent("nvml", **environment),
        "agent, simulated": here.start_agent("simulated", "--simulate", "8xH100-80GB-SXM"),
    }
    here.await_nodes(2)
    time.sleep(SETTLE_SECONDS)
    before = {case: _cpu_seconds(agent.pid) for case, agent in started.items()}
    began = time.monotonic()
    time.sleep(seconds)
    for case, agent in started.items():
        share = (_cpu_seconds(agent.pid) - before[case]) / (time.monotonic() - began)
        rss = sum(one.memory_info().rss for one in _with_children(agent.pid)) / MIB
        yield Result(case, "agent_rss_mb", rss, "MiB", "lower", 80)
        yield Result(case, "agent_cpu_percent", 100 * share, "%", "lower", 1)


def shim(here: Pool) -> Iterator[Result]:
    """The process that supervises a rank."""
    job = NewJob(name="sleep", firm=FIRM, command=("/bin/sleep", MARK), rank=NewRank(gpus=1))
    with here.client(here.member) as client:
        submitted = client.submit(job)
        rank = here.until("the rank runs", _sleeper)
        parent = rank.parent()
        assert parent is not None
        yield Result("shim", "shim_rss_mb", parent.memory_info().rss / MIB, "MiB", "lower", 15)
        client.cancel(submitted.id)
        client.wait(submitted.id, 60)


def _sleeper() -> psutil.Process | None:
    return next((one for one in psutil.process_iter() if _cmdline(one)[1:] == [MARK]), None)


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return []


def _with_children(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _pss(process: psutil.Process) -> float:
    """Proportional set size in MiB: what is shared is counted in parts."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cpu_seconds(pid: int) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in _with_children(pid))


if __name__ == "__main__":
    main()
