"""The real agent process on the link: a job runs to its end, with its log, its files and its usage; a kill loses nothing."""

import asyncio
import hashlib
import io
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import CancelAsked
from bostan_scheduler.service.messages import Tell
from link import Centre, until

T4 = "t4-16g"
SECONDS = 30.0


@dataclass
class Agent:
    """One agent process; what it runs outlives it."""

    centre: Centre
    name: str
    folder: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {**os.environ, "BOSTAN_TOKEN": self.centre.token("p")}
        with (self.folder / "agent.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bostan_agent.main", "run", "--park", "p", "--node-name", self.name,
                "--centre", f"127.0.0.1:{self.centre.gateway.port}", "--state-dir", str(self.folder / "state"),
                "--simulate", "2xT4-16GB", "--reconnect-seconds-max", "0.2",
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    async def end(self, how: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        await self.process.wait()

    def heard(self) -> bool:
        return self.centre.gateway.sessions.is_open(f"p/{self.name}")


@asynccontextmanager
async def agents(centre: Centre, *names: str) -> AsyncIterator[list[Agent]]:
    """Agents that are connected, and gone afterwards with all that they ran."""
    folder = Path(tempfile.mkdtemp(prefix="bostan-rpc-"))  # short: it holds sockets
    made = [Agent(centre, name, folder / name) for name in names]
    try:
        for agent in made:
            agent.folder.mkdir()
            await agent.start()
        await until(lambda: all(agent.heard() for agent in made), SECONDS)
        yield made
    except BaseException:
        for agent in made:
            sys.stderr.write((agent.folder / "agent.log").read_text()[-8000:])
        raise
    finally:
        for job in list(centre.leader.service.snapshot.jobs):
            await centre.leader.ask(Tell(CancelAsked(job, "test", "it is over")))
        await until(
            lambda: not any(one.holds for one in centre.leader.service.snapshot.attempts.values()), SECONDS
        )
        for agent in made:
            await agent.end(signal.SIGTERM)
        shutil.rmtree(folder)


@pytest.fixture
async def land(tmp_path: Path) -> AsyncIterator[Centre]:
    centre = Centre.at(tmp_path)
    await centre.start()
    await centre.allow(gpus=4, gpu_class=T4)
    yield centre
    await centre.stop()


def packed(**files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return out.getvalue()


def log_of(centre: Centre, attempt_id: str, rank: int = 0) -> str:
    return centre.files.logs.read(attempt_id, rank, 0, 100_000).data.decode()


async def test_a_job_runs_on_a_real_agent_and_all_that_it_made_is_here(land: Centre) -> None:
    work = packed(
        job="echo from $(cat data) on $CUDA_VISIBLE_DEVICES; echo 42 > $BOSTAN_OUTPUT_DIR/answer",
        data="a file",
    )
    sha256 = hashlib.sha256(work).hexdigest()
    land.files.blobs.append(sha256, 0, len(work), work)
    async with agents(land, "n1"):
        await land.submit("j1", gpus=2, command=("sh", "job"), work_dir=Blob(sha256, len(work)))
        await until(lambda: land.phase("j1") == "Succeeded", SECONDS)
        node = land.store.node("p/n1")
        assert node is not None
        gpus = {gpu.uuid for gpu in node.gpus}
        await until(lambda: "from a file on" in log_of(land, "j1.1"), SECONDS)
        shown = log_of(land, "j1.1").split()[-1]
        assert set(shown.split(",")) == gpus
        await until(lambda: land.store.outputs("j1"), SECONDS)
        (output,) = land.store.outputs("j1")
        with tarfile.open(land.files.blobs.path(output.blob.sha256)) as archive:
            answers = [one.name for one in archive.getmembers() if one.name.endswith("answer")]
        assert len(answers) == 1
        await until(lambda: land.store.job_gpu_milliseconds(["j1"]).get("j1", 0) > 0, SECONDS)


async def test_an_agent_that_is_killed_takes_its_rank_up_again_and_says_nothing_twice(land: Centre) -> None:
    async with agents(land, "n1") as (agent,):
        await land.submit("j1", command=("sh", "-c", "echo begun; sleep 3; echo done"))
        await until(lambda: land.attempt("j1") == "Running", SECONDS)
        await agent.end(signal.SIGKILL)
        await until(lambda: not agent.heard(), SECONDS)
        await agent.start()
        await until(lambda: land.phase("j1") == "Succeeded", SECONDS)
        await until(lambda: log_of(land, "j1.1") == "begun\ndone\n", SECONDS)
        (attempt,) = land.store.attempts("j1")
        assert attempt.number == 1
        wall_ms = land.parts.clock() - attempt.created_at
        assert 2_900 <= land.store.job_gpu_milliseconds(["j1"])["j1"] <= wall_ms


async def test_when_the_line_is_cut_the_job_goes_on_and_its_journal_arrives_once(land: Centre) -> None:
    async with agents(land, "n1"):
        await land.submit("j1", command=("sleep", "1"))
        await until(lambda: land.attempt("j1") == "Running", SECONDS)
        await land.stop_leading()
        await asyncio.sleep(0)
        await until(lambda: len(land.gateway.sessions) == 0, SECONDS)
        land.lead()
        await until(lambda: land.phase("j1") == "Succeeded", SECONDS)
        assert land.leader.service.snapshot.epoch == 2
        assert len(land.store.attempts("j1")) == 1


async def test_a_gang_over_two_real_agents_meets_at_the_address_of_rank_0(land: Centre) -> None:
    async with agents(land, "n1", "n2"):
        script = "echo $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT"
        await land.submit("j1", gpus=2, replicas=2, command=("sh", "-c", script))
        await until(lambda: land.phase("j1") == "Succeeded", SECONDS)
        await until(lambda: log_of(land, "j1.1", 0) and log_of(land, "j1.1", 1), SECONDS)
        first, second = log_of(land, "j1.1", 0), log_of(land, "j1.1", 1)
        assert (first.split(" at ")[0], second.split(" at ")[0]) == ("0 of 2", "1 of 2")
        assert first.split(" at ")[1] == second.split(" at ")[1]


async def test_a_running_job_is_cancelled(land: Centre) -> None:
    async with agents(land, "n1"):
        await land.submit("j1", command=("sleep", "600"))
        await until(lambda: land.attempt("j1") == "Running", SECONDS)
        await land.leader.ask(Tell(CancelAsked("j1", "ada", "enough")))
        await until(lambda: land.phase("j1") == "Cancelled", SECONDS)
