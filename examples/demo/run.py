"""A whole pool on this machine, and a training job that survives a bad day.

python examples/demo/run.py [--keep]
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from bostan.api import Attempt, Job
from bostan.errors import BostanError, NotFound
from narrator import Narrator, StepFailed
from pool import Agent, CommandFailed, Pool

from quotas import quota_file

DIGITS = Path(__file__).resolve().parent.parent / "digits"
GPUS = 2
SIMULATED = f"{GPUS}xT4-16GB"
GPU_CLASS = "t4-16g"
EPOCHS = 150
BURST_SECONDS = 20
EPOCH_SECONDS = 0.3


def main() -> int:
    """Tell the story. The exit code is 0 only if every step held."""
    arguments = _parse()
    tell, folder = Narrator(), Path(tempfile.mkdtemp(prefix="bostan-demo-"))
    pool = Pool(folder)
    try:
        _story(tell, pool)
    except (StepFailed, CommandFailed, BostanError, subprocess.TimeoutExpired) as error:
        tell.console.print(f"\n[red]the demo stopped:[/red] {error}", markup=True)
        tell.show(pool.log("centre.log"))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        pool.kill_leftovers()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    tell.console.print(f"\n[bold green]every step was verified[/bold green] in {tell.seconds:.0f} s")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    return parser.parse_args()


def _story(tell: Narrator, pool: Pool) -> None:
    with tell.step("A centre starts: Ray, a leader, a front, SQLite in a temporary folder"):
        pool.start_centre()
        tell.until("the centre is ready", pool.centre_ready)
        admin = pool.admin_token()
        tell.say(f"REST on {pool.address['url']}, agents on {pool.address['agents']}")
    with tell.step("An administrator applies quotas: two parks, two firms, two GPUs each"):
        users = _quotas(tell, pool, admin)
    with tell.step("Two parks join two nodes each: agents report their GPUs over gRPC"):
        _agents(tell, pool, admin)
    with tell.step("negar submits a training job; rah asks for more than its quota"):
        job, burst = _submit(tell, pool, users)
    with tell.step("The agent of the running job is killed with SIGKILL: the job goes on"):
        _kill_agent(tell, pool, users["negar"], job)
    with tell.step("The job is requeued: checkpoint, stop, and on from there on another node"):
        _requeue(tell, pool, users["negar"], job)
    with tell.step("The job finishes, and its output comes home"):
        _finish(tell, pool, users, job, burst)
    with tell.step("Every GPU-second is counted to its firm"):
        _usage(tell, pool, admin)
    with tell.step("Everything stops, and nothing is left"):
        left = pool.stop()
        tell.verify(not left, f"no process of the demo is left{''.join(f' {one}' for one in left)}")


def _quotas(tell: Narrator, pool: Pool, admin: str) -> dict[str, str]:
    path = pool.folder / "quotas.yaml"
    path.write_text(quota_file(GPU_CLASS, GPUS))
    tell.ran("bostan quotas apply quotas.yaml")
    tell.show(pool.bostan(admin, "quotas", "apply", str(path)))
    made = ("token", "create", "--role", "member", "--firm")
    return {firm: pool.json(admin, *made, firm, f"{firm}-engineer")["secret"] for firm in ("negar", "rah")}


def _agents(tell: Narrator, pool: Pool, admin: str) -> None:
    real = _has_nvidia_gpu()
    for park in ("north", "south"):
        token = pool.json(admin, "park", "token", park)["secret"]
        for number in (1, 2):
            name = f"{park}-{number}"
            simulate = None if real and not pool.agents else SIMULATED
            agent = Agent(park, name, token, simulate, pool.folder / f"state-{name}")
            pool.agents.append(agent)
            pool.start_agent(agent)
    if real:
        tell.say("this machine has NVIDIA GPUs: the first agent reports them, the others simulate theirs")
    tell.until("four nodes are ready", lambda: _ready(pool, admin) == 4)
    tell.ran("bostan nodes")
    tell.show(pool.bostan(admin, "nodes"))


def _has_nvidia_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None and Path("/dev/nvidiactl").exists()


def _ready(pool: Pool, token: str) -> int:
    return sum(node.state == "ready" for node in pool.client(token).nodes())


def _submit(tell: Narrator, pool: Pool, users: dict[str, str]) -> tuple[str, list[str]]:
    job = pool.json(users["negar"], "submit", str(_job_file(pool)))["id"]
    tell.ran(f"bostan submit job.yaml   # {job}")
    sleep = pool.folder / "burst.yaml"
    sleep.write_text(
        yaml.safe_dump(
            {"name": "burst", "command": ["sleep", str(BURST_SECONDS)], "work_dir": None, "gpus": 1}
        )
    )
    burst = [pool.json(users["rah"], "submit", str(sleep))["id"] for _ in range(4)]
    waiting = tell.until(
        "two of rah's four jobs wait for quota", lambda: _waiting_for_quota(pool, users["rah"], burst)
    )
    tell.ran("bostan jobs        # as rah")
    tell.show(pool.bostan(users["rah"], "jobs"))
    tell.ran(f"bostan why {waiting}")
    tell.show(pool.bostan(users["rah"], "why", waiting))
    tell.verify(
        _state(pool, users["rah"], burst[0]) != "queued",
        "rah's first jobs run, the others wait with a reason",
    )
    tell.until("the training job logs", lambda: "epoch 3 " in _log(pool, users["negar"], job))
    tell.verify(
        _state(pool, users["negar"], job) == "running", f"{job} runs on {_node(pool, users['negar'], job)}"
    )
    return job, burst


def _job_file(pool: Pool) -> Path:
    """The example's own job file, lasting long enough to be interrupted."""
    job = yaml.safe_load((DIGITS / "job.yaml").read_text())
    folder = pool.folder / "digits"
    shutil.copytree(DIGITS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    paced = ["--epochs", str(EPOCHS), "--epoch-seconds", str(EPOCH_SECONDS)]
    path = folder / "job.yaml"
    # The interpreter that runs the demo is the one that has scikit-learn.
    path.write_text(yaml.safe_dump({**job, "command": [sys.executable, "train.py", *paced]}))
    return path


def _waiting_for_quota(pool: Pool, token: str, jobs: list[str]) -> str | None:
    shown = [_job(pool, token, job) for job in jobs]
    held = [one.id for one in shown if one.wait is not None and one.wait.reason == "quota"]
    return held[0] if len(held) == 2 else None


def _job(pool: Pool, token: str, job: str) -> Job:
    return pool.client(token).job(job)


def _state(pool: Pool, token: str, job: str) -> str:
    return _job(pool, token, job).state


def _attempt(pool: Pool, token: str, job: str) -> Attempt:
    attempt = _job(pool, token, job).attempt
    assert attempt is not None
    return attempt


def _node(pool: Pool, token: str, job: str) -> str:
    return _attempt(pool, token, job).ranks[0].node


def _log(pool: Pool, token: str, job: str) -> str:
    """The log of the newest attempt so far; nothing while there is none."""
    try:
        return pool.client(token).logs(job, limit=1 << 20).data.decode()
    except NotFound:
        return ""


def _kill_agent(tell: Narrator, pool: Pool, token: str, job: str) -> None:
    node, attempt = _node(pool, token, job), _attempt(pool, token, job).id
    agent = next(one for one in pool.agents if one.node_id == node)
    assert agent.process is not None
    os.kill(agent.process.pid, signal.SIGKILL)
    agent.process.wait()
    trainer = [one for one in pool.processes() if "train.py" in one.cmdline()]
    tell.verify(len(trainer) == 1, f"the agent of {node} is dead, and the training process lives")
    lines = _log(pool, token, job).count("\n")
    pool.start_agent(agent)
    tell.say("the agent is started again")
    tell.until("the log goes on", lambda: _log(pool, token, job).count("\n") > lines + 2)
    tell.verify(trainer[0].is_running(), f"it is still the same process, {trainer[0].pid}")
    same = _attempt(pool, token, job).id == attempt and _state(pool, token, job) == "running"
    tell.verify(same, f"attempt {attempt} was re-adopted")


def _requeue(tell: Narrator, pool: Pool, token: str, job: str) -> None:
    before = _node(pool, token, job)
    tell.ran(f"bostan requeue {job} --avoid-node")
    pool.bostan(token, "requeue", job, "--avoid-node")
    tell.until("a second attempt runs", lambda: _runs_as(pool, token, job, 2))
    after = _node(pool, token, job)
    tell.verify(after != before, f"it went from {before} to {after}, and the two share no folder")
    resumed = tell.until("it says where it resumes", lambda: _resumed_at(_log(pool, token, job)))
    tell.verify(resumed > 0, f"it resumed at epoch {resumed}")


def _runs_as(pool: Pool, token: str, job: str, number: int) -> bool:
    return _attempt(pool, token, job).number == number and _state(pool, token, job) == "running"


def _resumed_at(log: str) -> int | None:
    starts = [line for line in log.splitlines() if "starting at epoch" in line]
    return int(starts[-1].rpartition(" ")[2]) if starts else None


def _finish(tell: Narrator, pool: Pool, users: dict[str, str], job: str, burst: list[str]) -> None:
    tell.ran(f"bostan wait {job}")
    pool.bostan(users["negar"], "wait", job, "--timeout", "90s")
    results = pool.folder / "results"
    tell.ran(f"bostan download {job} -C results")
    pool.bostan(users["negar"], "download", job, "-C", str(results), "--timeout", "20s")
    accuracy = json.loads((results / "result.json").read_text())["accuracy"]
    tell.verify(accuracy > 0.9, f"the network tells {accuracy:.1%} of unseen digits right")
    for one in burst:
        pool.bostan(users["rah"], "wait", one, "--timeout", "60s")
    tell.verify(True, "all of rah's jobs have had their turn")


def _usage(tell: Narrator, pool: Pool, admin: str) -> None:
    rows = tell.until("both firms have usage", lambda: _used(pool, admin))
    tell.ran("bostan usage")
    tell.show(pool.bostan(admin, "usage"))
    tell.verify(rows["negar"] > EPOCHS * EPOCH_SECONDS, f"negar used {rows['negar']:.1f} GPU-seconds")
    least = 4 * BURST_SECONDS
    tell.verify(
        rows["rah"] >= least, f"rah used {rows['rah']:.1f}: four jobs of {BURST_SECONDS} s on one GPU each"
    )


def _used(pool: Pool, admin: str) -> dict[str, float] | None:
    used = {row.firm: row.gpu_milliseconds / 1000 for row in pool.client(admin).usage().rows}
    return used if used.keys() >= {"negar", "rah"} and used["rah"] >= 4 * BURST_SECONDS else None


if __name__ == "__main__":
    sys.exit(main())
