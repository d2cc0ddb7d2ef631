"""A whole pool as an operator would run it: a real centre, real agents, the real command line; all of it killable."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml
from bostan import Client
from bostan.api import Job, NewToken
from bostan.retry import Retry

from benchmarks.pool import BIN, PARK, Pool

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
PATIENT = Retry(tries_max=200, total_seconds_max=90.0, first_seconds=0.1, longest_seconds=1.0)


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Land(Pool):
    """The pool, the tokens of its people, and every process that was ever seen of it."""

    people: dict[str, str] = field(default_factory=dict)
    named: dict[str, tuple[subprocess.Popen, tuple[str, ...], str]] = field(default_factory=dict)
    seen: set[psutil.Process] = field(default_factory=set)
    commands: list[subprocess.Popen] = field(default_factory=list)

    # People

    def person(self, name: str, **token) -> str:
        """A token of somebody's, made once."""
        if name not in self.people:
            with self.client(self.admin) as client:
                self.people[name] = client.new_token(NewToken(name=name, **token)).secret
        return self.people[name]

    def patient(self, token: str) -> Client:
        """A client that outlasts the restart of a front."""
        return Client(self.address["url"], token, retry=PATIENT)

    # The command line

    def command(self, token: str, *words: str, timeout: float = 90.0) -> Done:
        """Run `bostan` to its end."""
        process = self.begin(token, *words)
        out, err = process.communicate(timeout=timeout)
        return Done(process.returncode, out.decode(), err.decode())

    def begin(self, token: str, *words: str) -> subprocess.Popen:
        """Start `bostan`."""
        environment = {"BOSTAN_URL": self.address["url"], "BOSTAN_TOKEN": token, "HOME": str(self.folder)}
        process = subprocess.Popen(
            [str(BIN / "bostan"), *words],
            env={**os.environ, **environment, "COLUMNS": "100"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.commands.append(process)
        return process

    def job_file(self, example: str, *words: str, **changes: object) -> Path:
        """A copy of an example's job file with more words on its command, run by this Python, which has scikit-learn."""
        source = EXAMPLES / example
        job = yaml.safe_load(source.read_text())
        command = [sys.executable, *job["command"][1:], *words]
        path = self.folder / f"{source.parent.name}-{len(list(self.folder.glob('*.yaml')))}.yaml"
        work_dir = str(source.parent)
        path.write_text(yaml.safe_dump({**job, "command": command, "work_dir": work_dir, **changes}))
        return path

    # Jobs

    def job(self, token: str, job_id: str) -> Job:
        with self.patient(token) as client:
            return client.job(job_id)

    def log(self, token: str, job_id: str, rank: int = 0) -> str:
        """What a rank of the newest attempt has printed, as far as the centre has it."""
        with self.patient(token) as client:
            return client.logs(job_id, rank=rank).data.decode()

    def until_log(self, token: str, job_id: str, words: str, seconds: float = 60.0) -> str:
        """The first line of the job's log with these words."""

        def found() -> str | None:
            return next((line for line in self._log_or_nothing(token, job_id) if words in line), None)

        return self.until(f"{job_id} says {words!r}", found, seconds)

    def _log_or_nothing(self, token: str, job_id: str) -> list[str]:
        job = self.job(token, job_id)
        return [] if job.attempt is None else self.log(token, job_id).splitlines()

    def until_state(self, token: str, job_id: str, *states: str, seconds: float = 60.0) -> Job:
        def there() -> Job | None:
            job = self.job(token, job_id)
            return job if job.state in states else None

        return self.until(f"{job_id} is {' or '.join(states)}", there, seconds)

    def node_of(self, token: str, job_id: str, rank: int = 0) -> str:
        attempt = self.job(token, job_id).attempt
        assert attempt is not None
        return attempt.ranks[rank].node

    # Processes

    def join(self, name: str, *flags: str, park: str = PARK) -> None:
        """Start a node's agent."""
        self.named[name] = (self.start_agent(name, *flags, park=park), flags, park)

    def kill_agent(self, name: str) -> None:
        """SIGKILL, and nothing else."""
        self.remember()
        process, _, _ = self.named[name]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def rejoin(self, name: str) -> None:
        _, flags, park = self.named[name]
        self.join(name, *flags, park=park)

    def actor(self, name: str) -> psutil.Process | None:
        """The process of an actor of the centre: `Leader` or `Front`."""
        for one in below(self.centre.pid):
            if title(one).startswith(f"ray::{name}"):
                return one
        return None

    def kill_actor(self, name: str) -> psutil.Process:
        """SIGKILL an actor; the one that died."""
        victim = self.until(f"there is a {name}", lambda: self.actor(name))
        victim.kill()
        return victim

    def remember(self) -> None:
        """Keep in mind every process that the pool has now."""
        roots = [self.centre, *self.agents]
        for root in roots:
            if root is not None and root.poll() is None:
                self.seen |= {psutil.Process(root.pid), *below(root.pid)}
        self.seen |= set(at_home_in(self.folder))

    def left(self) -> list[psutil.Process]:
        """What still lives of all that were ever seen, and of what works in the pool's folder."""
        self.seen |= set(at_home_in(self.folder))
        return [one for one in self.seen if alive(one)]

    def kill_all(self) -> None:
        """End whatever is left, in whatever state it is."""
        self.remember()
        for one in self.left():
            one.kill()
        for process in (*self.commands, *self.agents, self.centre):
            if process is not None:
                process.kill()
                process.communicate()
        ray_folder = self.folder / "centre" / "ray-folder"
        if ray_folder.exists():
            shutil.rmtree(ray_folder.read_text(), ignore_errors=True)


def below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def at_home_in(folder: Path) -> Iterable[psutil.Process]:
    """Processes that stand in the folder or hold a file of it open: ranks and their shims carry no other mark."""
    home = str(folder)
    for one in psutil.process_iter():
        if one.pid != os.getpid() and _uses(one, home):
            yield one


def _uses(process: psutil.Process, home: str) -> bool:
    try:
        if process.cwd().startswith(home):
            return True
        links = Path(f"/proc/{process.pid}/fd").iterdir()
        return any(str(link.readlink()).startswith(home) for link in links)
    except (psutil.Error, OSError):
        return False


def here(name: str) -> str:
    """The id of a node of the one park."""
    return f"{PARK}/{name}"
