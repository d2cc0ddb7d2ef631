"""Stories of the centre: what users, nodes and the clock do, said in their words, and all that goes out.

A story runs the real writer over the store in memory, and asserts every invariant after each step. What goes out
is read as lines: `offer j1.1/0 p/a`, `start j1.1/0 p/a`, `stop j1.1/0 p/a cancelled`, `release j1.1/0 p/a`.
"""

from dataclasses import dataclass, field
from typing import Any

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Fencing, RankStarted
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.check import check
from bostan_scheduler.core.desired import DesiredRank, WantOffer, WantRelease, WantStart, WantStop
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Blob, Job
from bostan_scheduler.core.node import Gpu
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.reports import (
    Accepted,
    CheckpointDeclared,
    CheckpointStored,
    Exited,
    JobsSubmitted,
    NodeConnected,
    NodeHolds,
    NodesHeard,
    QuotasApplied,
    RankHeld,
    RankNews,
    RankReported,
    Refused,
    Released,
    Report,
    Started,
    Used,
)
from bostan_scheduler.core.snapshot import Firm, Park, Settings
from bostan_scheduler.service.decisions import DecisionLog, NoDecisionLog
from bostan_scheduler.service.messages import (
    Done,
    Journal,
    OpenSession,
    Outbox,
    Reply,
    Request,
    Tell,
)
from bostan_scheduler.service.writer import Service
from bostan_scheduler.store import open_store
from worlds import EVER, GIB, NOW, spec_of

SETTINGS = Settings(
    silence_seconds=30,
    start_within_seconds=60,
    release_margin_seconds=30,
    lease_seconds=3600,
    lease_margin_seconds=30,
    renew_seconds=300,
)


@dataclass
class Story:
    """A centre, its clock, and the lines that have gone out since they were last read."""

    settings: Settings = SETTINGS
    store: Any = field(default_factory=lambda: open_store("memory:"))
    now: Instant = NOW
    decisions: DecisionLog = field(default_factory=NoDecisionLog)
    said: list[str] = field(default_factory=list)
    outboxes: list[Outbox] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    journals: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, NodeConnected] = field(default_factory=dict)
    fencing: dict[str, Fencing] = field(default_factory=dict)
    opened: int = 0

    def __post_init__(self) -> None:
        self.service = Service.start(self.store, self.settings, self.now, "story", self.decisions)

    # The centre

    def ask(self, *requests: Request) -> tuple[Reply, ...]:
        """Requests to the writer."""
        step = self.service.intake(self.now, requests)
        self._heed(step.outbox)
        return step.replies

    def tell(self, report: Report) -> Reply:
        """One report; a refusal is handed back."""
        return self.ask(Tell(report))[0]

    def plan(self) -> None:
        """Let the centre plan, and see that planning again would do nothing."""
        self._heed(self.service.plan(self.now).outbox)
        again = self.service.plan(self.now).outbox
        assert not again.desired, f"a second plan at the same instant still does something: {again}"

    def wait(self, seconds: int, hears: str = "") -> None:
        """Time passes in steps of 25 seconds; the named nodes are heard all along."""
        until = after(self.now, seconds)
        while self.now < until:
            self.now = min(after(self.now, 25), until)
            heard = tuple((node_id, self.now) for node_id in hears.split())
            self.tell(NodesHeard(heard))
            self.plan()

    def restarts(self) -> None:
        """The leader dies, and another takes over with what is committed."""
        self.service = Service.start(self.store, self.settings, self.now, "another", self.decisions)
        self.sessions.clear()

    # Administrators

    def quota(self, *firms: str, gpus: int = 8) -> None:
        """Each firm may hold so many GPUs."""
        quota = ClassQuota(Gpus(gpus), lend_limit=Gpus(gpus))
        leaves = {firm: QuotaNode(firm, None, firm, 0, EVER, {"a100": quota}) for firm in firms}
        tenants = {firm: Firm(firm) for firm in firms}
        parks = {park: Park(park) for park in "pq"}
        assert self.tell(QuotasApplied(QuotaTree(leaves), tenants, parks, {}, "admin")) == Done()

    # Users

    def submit(self, job_id: str, words: str = "x 1", **options: Any) -> Reply:
        """A job of `FIRM GPUS[xREPLICAS]`; options go into its spec."""
        plain = [word for word in words.split() if "=" not in word]
        named = dict(word.split("=", 1) for word in words.split() if "=" in word)
        spec = spec_of(plain, named)
        spec = type(spec)(**{**{name: getattr(spec, name) for name in spec.__dataclass_fields__}, **options})
        return self.tell(JobsSubmitted((job_id,), (spec,), "member"))

    # Nodes

    def connect(
        self,
        node_id: str,
        gpus: int = 4,
        *,
        boot: str = "boot-1",
        journal: str = "",
        holds: str = "",
        names: str = "",
    ) -> None:
        """A node opens a session, with a new journal when one is named. `holds` are `j1.1/0:running` and the like.

        `names` is the node whose GPUs it claims to have, if not its own.
        """
        park, name = node_id.split("/")
        self.opened += 1
        self.sessions[node_id] = f"session-{self.opened}"
        if journal or node_id not in self.journals:
            self.journals[node_id] = journal or f"journal-of-{node_id}"
            self.seqs[node_id] = 0
        devices = tuple(Gpu(f"{names or node_id}:{index}", "a100", 80 * GIB, "a100") for index in range(gpus))
        hello = NodeConnected(
            node_id=node_id,
            park=park,
            name=name,
            boot_id=boot,
            journal_id=self.journals[node_id],
            gpus=devices,
            cpus=64,
            memory_bytes=512 * GIB,
            address="127.0.0.1",
            agent_version="1",
            driver_version="",
            isolation="env",
            problems=(),
            labels=(),
        )
        held = tuple(self._held(one) for one in holds.split())
        reply = self.ask(OpenSession(self.sessions[node_id], hello, NodeHolds(node_id, held)))[0]
        assert not isinstance(reply, Refusal), reply

    def _held(self, text: str) -> RankHeld:
        rank_id, _, state = text.partition(":")
        attempt_id, rank = rank_id.split("/")
        return RankHeld(attempt_id, int(rank), self.fencing.get(attempt_id, Fencing(0, 0)), state)

    def reports(self, rank_id: str, *news: RankNews) -> Reply:
        """A node journals news of one of its ranks."""
        attempt_id, rank = rank_id.split("/")
        node_id = self._attempt(attempt_id).places[int(rank)].node_id
        records = []
        for one in news:
            self.seqs[node_id] += 1
            report = RankReported(node_id, attempt_id, int(rank), self.fencing[attempt_id], one)
            records.append((self.seqs[node_id], report))
        session, journal = self.sessions.get(node_id, "none"), self.journals[node_id]
        return self.ask(Journal(session, node_id, journal, tuple(records)))[0]

    def _attempt(self, attempt_id: str) -> Any:
        return self.service.snapshot.attempts.get(attempt_id) or self.store.attempt(attempt_id)

    def accepts(self, *rank_ids: str) -> None:
        """Nodes accept offers."""
        for number, rank_id in enumerate(rank_ids):
            self.reports(rank_id, Accepted("127.0.0.1", 4000 + number))

    def refuses(self, rank_id: str, reason: str = "gpu-busy") -> None:
        """A node refuses an offer."""
        self.reports(rank_id, Refused(reason, ""))

    def starts(self, *rank_ids: str) -> None:
        """Commands begin to run."""
        for rank_id in rank_ids:
            self.reports(rank_id, Started(self.now))

    def exits(
        self,
        rank_id: str,
        code: int = 0,
        *,
        signal: int = 0,
        cause: str = "exited",
        seconds: int = 0,
        outputs: bool = False,
    ) -> None:
        """A command ends, its GPUs are free, the time is on record; `outputs`: it left some, which are on their way."""
        gpus = self._attempt(rank_id.split("/")[0]).places[int(rank_id.split("/")[1])].gpus
        began = self._began(rank_id)
        used = Used(gpus, after(self.now, -seconds), self.now, seconds * 1000, None, self.now)
        ended = Exited(code, signal, cause, "", began, began, self.now, 0, outputs)
        self.reports(rank_id, ended, used, Released())

    def _began(self, rank_id: str) -> Instant:
        attempt_id, rank = rank_id.split("/")
        seen = self._attempt(attempt_id).seen[int(rank)]
        return seen.at if isinstance(seen, RankStarted) else self.now

    def releases(self, rank_id: str) -> None:
        """A node gives up what it had accepted."""
        self.reports(rank_id, Released())

    def saves(self, rank_id: str, number: int = 1, step: int = 10, *, stored: bool = True) -> None:
        """A rank declares a checkpoint, and unless it is still on its way the centre gets it."""
        arrived = (CheckpointStored(number, step, Blob(f"{number:064}", 100)),) if stored else ()
        self.reports(rank_id, CheckpointDeclared(number, step), *arrived)

    def run(self, job_id: str, words: str = "x 1", **options: Any) -> str:
        """Submit a job and have all its ranks run; the id of its attempt."""
        assert self.submit(job_id, words, **options) == Done((job_id,))
        self.plan()
        return self.all_run(job_id)

    def all_run(self, job_id: str) -> str:
        """Have all ranks of the job's newest attempt accepted and running."""
        job = self.service.snapshot.jobs[job_id]
        attempt = self._attempt(f"{job_id}.{job.attempts}")
        ranks = [f"{attempt.id}/{place.rank}" for place in attempt.places]
        self.accepts(*ranks)
        self.starts(*ranks)
        self.read()
        return str(attempt.id)

    # Readers

    def read(self) -> list[str]:
        """What has gone out since the last reading."""
        said, self.said = self.said, []
        return said

    def job(self, job_id: str) -> Job:
        """A job as committed."""
        job = self.store.job(job_id)
        assert job is not None
        return job

    def state(self, job_id: str) -> str:
        """A job's phase and, if any, that of its newest attempt: `active running`."""
        job = self.job(job_id)
        newest = self.store.newest_attempts([job_id]).get(job_id)
        phase = type(job.phase).__name__.lower()
        if phase == "finished":
            return f"finished {type(job.phase.outcome).__name__.lower()}"  # type: ignore[union-attr]
        return f"{phase} {type(newest.phase).__name__.lower()}" if newest and phase == "active" else phase

    def _heed(self, outbox: Outbox) -> None:
        check(self.service.snapshot)
        self.outboxes.append(outbox)
        for desired in outbox.desired:
            for rank in desired.ranks:
                self.fencing[rank.attempt_id] = rank.fencing
                self.said.append(_line(desired.node_id, rank))


def _line(node_id: str, rank: DesiredRank) -> str:
    name = f"{rank.attempt_id}/{rank.rank} {node_id}"
    match rank.want:
        case WantOffer(checkpoint=checkpoint):
            return f"offer {name}" + (f" from step {checkpoint.step}" if checkpoint else "")
        case WantStart():
            return f"start {name}"
        case WantStop(cause=cause, checkpoint=checkpoint):
            return f"stop {name} {cause}" + (" with checkpoint" if checkpoint else "")
        case WantRelease():
            return f"release {name}"
