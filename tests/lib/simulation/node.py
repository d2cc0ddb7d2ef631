"""The model of a machine in a park: its clock, its disk, its GPUs, and the agents that live and die on it."""

from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.node import Gpu
from bostan_scheduler.core.reports import NodeConnected, NodeHolds, RankReported, Used

from simulation.agent import ModelAgent
from simulation.journal import ModelJournal
from simulation.line import Line, Session
from simulation.shim import Program, Shim
from simulation.truth import Key, Truth
from simulation.world import SECOND, World

GIB = 1024**3


@dataclass(eq=False)
class ModelNode:
    """One machine. `shims` and `journal` outlive agents, the former crashes of the machine too."""

    world: World
    truth: Truth
    line: Line
    programs: dict[str, Program]
    id: str
    gpus: tuple[str, ...]
    skew_ms: int = 0
    boots: int = 1
    booted_at: int = 0
    journals: int = 1
    hidden: int = 0
    segment_ms: int = 60 * SECOND
    shims: dict[Key, Shim] = field(default_factory=dict)
    fences: dict[str, Fencing] = field(default_factory=dict)
    agent: ModelAgent | None = None
    session: Session | None = None

    def __post_init__(self) -> None:
        self.journal = ModelJournal(f"{self.id}-journal-1")
        self.starts()
        self.world.every(10 * SECOND, self._beats)
        self.world.every(self.segment_ms, self._meters)

    @property
    def boot(self) -> str:
        """This boot's id."""
        return f"{self.id}-boot-{self.boots}"

    @property
    def visible_gpus(self) -> tuple[str, ...]:
        """The GPUs that have not fallen off the bus."""
        return self.gpus[self.hidden :]

    def boot_now(self) -> int:
        """The boot clock."""
        return self.world.now - self.booted_at

    def wall(self, now: int) -> int:
        """What the node's own calendar says at a true instant."""
        return self.line.centre_epoch + now + self.skew_ms

    # Life and death ------------------------------------------------------------------------------

    def starts(self) -> None:
        """An agent starts, unless one lives."""
        if self.agent is None:
            self.agent = ModelAgent(self)
            self._dials()

    def crashes(self, *, wiped: bool) -> None:
        """The agent dies; its shims live on. The journal may be lost with it."""
        if self.agent is None:
            return
        self.world.say(f"{self.id} agent dies{', its journal wiped' if wiped else ''}")
        self.agent.alive = False
        self.agent = None
        self._hangs_up()
        if wiped:
            self.journals += 1
            self.journal = ModelJournal(f"{self.id}-journal-{self.journals}")
            self.fences.clear()
        self.world.after(self.world.log_scaled(30 * SECOND, 1800 * SECOND), self.starts)

    def reboots(self) -> None:
        """The machine goes down, and comes up again with everything gone but its disk."""
        self.world.say(f"{self.id} reboots")
        if self.agent is not None:
            self.agent.alive = False
            self.agent = None
        self._hangs_up()
        for shim in self.shims.values():
            shim.dies()
        self.boots += 1
        self.booted_at = self.world.now
        self.hidden = int(self.world.happens(self.world.weather.hidden_gpu) and len(self.gpus) > 1)
        self.world.after(self.world.log_scaled(30 * SECOND, 1800 * SECOND), self.starts)

    # The line ------------------------------------------------------------------------------------

    def _dials(self) -> None:
        if self.agent is None or self.session is not None:
            return
        hello = NodeConnected(
            node_id=self.id,
            park=self.id.partition("/")[0],
            name=self.id.partition("/")[2],
            boot_id=self.boot,
            journal_id=self.journal.id,
            gpus=tuple(Gpu(gpu, "a100", 80 * GIB, "a100") for gpu in self.visible_gpus),
            cpus=64,
            memory_bytes=512 * GIB,
            address="127.0.0.1",
            agent_version="1",
            driver_version="",
            isolation="env",
            problems=(),
            labels=(),
        )
        holds = NodeHolds(self.id, self.agent.holds())
        self.session = Session(self.id, self.journal.id, self, self.world.now, self.journal.acked_seq)
        self.line.opens(self.session, hello, holds, self.boot_now())

    def _hangs_up(self) -> None:
        self.session = None

    def closed(self, session: Session) -> None:
        """The session is over; the agent dials again."""
        if self.session is session:
            self.session = None
            self.world.after(self.world.chance.uniform(500, 5000), self._dials)

    def _beats(self) -> None:
        session = self.session
        if session is None:
            self._dials()
        elif self.world.now - session.heard > (30 if session.welcome else 10) * SECOND:
            self.closed(session)
        elif not session.welcome:
            pass
        else:
            self.line.beats(session, self.boot_now())
            if self.world.now - session.progress > 20 * SECOND:
                session.sent, session.progress = self.journal.acked_seq, self.world.now
            self.pump()

    def _meters(self) -> None:
        if self.agent is not None:
            self.agent.cut_segments()

    def wrote(self) -> None:
        """There is something new in the journal."""
        self.world.after(self.world.chance.uniform(1, 100), self.pump)

    def pump(self) -> None:
        """Send what was not sent yet in this session."""
        session = self.session
        if session is None or not session.welcome or session.journal_id != self.journal.id:
            return
        records = self.journal.after(session.sent, 20)
        if records:
            session.sent = records[-1][0]
            self.line.sends_journal(session, records)

    # What the centre says ------------------------------------------------------------------------

    def welcomed(self, session: Session, acked: int) -> None:
        """A session is open."""
        if session is self.session and not session.welcome:
            session.welcome, session.progress = True, self.world.now
            self.world.require(
                acked <= self.journal.last_seq, f"{self.id}: the centre knows records never written"
            )
            self.acked(session, acked)
            session.sent = self.journal.acked_seq
            self.pump()

    def acked(self, session: Session, seq: int) -> None:
        """The centre has everything up to here."""
        if session.journal_id != self.journal.id:
            return
        if seq > self.journal.acked_seq:
            session.progress = self.world.now
        for report in self.journal.ack(seq):
            self._note_acknowledged(report)
        if self.agent is not None:
            self.agent.forget_done()

    def _note_acknowledged(self, report: RankReported) -> None:
        if isinstance(report.news, Used):
            used = report.news
            span = (used.until_boot_ms - used.milliseconds, used.until_boot_ms)
            self.truth.acknowledged[report.attempt_id, report.rank][span] = None

    def shim_told(self, shim: Shim) -> None:
        """Something happened to a shim; whoever lives hears of it."""
        if self.agent is not None:
            self.agent.shim_told(shim)
