"""Users who submit, cancel and requeue, and operators who drain, confirm and change quotas; nobody waits for anybody."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.job import JobSpec, RankNeeds, Retries
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.reports import (
    CancelAsked,
    DrainAsked,
    JobsSubmitted,
    NodeConfirmedDead,
    QuotasApplied,
    Report,
    RequeueAsked,
    UndrainAsked,
)
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.service.messages import Done, Idempotency, Reply, Tell

from simulation.centre import EPOCH, Centre
from simulation.shim import Program
from simulation.world import HOUR, MINUTE, SECOND, World

if TYPE_CHECKING:
    from simulation.node import ModelNode

FIRMS = ("x", "y")
EVER = EPOCH + 10_000 * HOUR


@dataclass(eq=False)
class People:
    """Everybody who asks something of the centre."""

    world: World
    centre: Centre
    programs: dict[str, Program]
    nodes: "list[ModelNode]"
    acknowledged: list[str] = field(default_factory=list)
    unanswered: dict[str, tuple[str, JobSpec]] = field(default_factory=dict)
    submitted: int = 0

    # Users ---------------------------------------------------------------------------------------

    def submits(self) -> None:
        """A job of some shape; asked again under its key until it is answered."""
        self.submitted += 1
        job_id, key = f"j{self.submitted}", f"key-{self.submitted}"
        chance, work_ms = self.world.chance, int(self.world.log_scaled(5 * SECOND, 40 * MINUTE))
        self.programs[job_id] = Program(
            work_ms=work_ms,
            exit_code=1 if self.world.happens(0.1) else 0,
            saves_every_ms=chance.choice((0, 0, 30 * SECOND, 5 * MINUTE)),
            heeds_stop_ms=int(self.world.log_scaled(10, 30 * SECOND)),
        )
        spec = self._spec(work_ms)
        self.unanswered[key] = (job_id, spec)
        self._asks(key)

    def _spec(self, work_ms: int) -> JobSpec:
        chance = self.world.chance
        largest = max(len(node.gpus) for node in self.nodes)
        replicas = chance.choice((1, 1, 1, 2, 2, 3))
        return JobSpec(
            name="train",
            firm=chance.choice(FIRMS),
            project=None,
            command=("true",),
            replicas=replicas,
            rank=RankNeeds(chance.randint(0, max(1, largest // 2))),
            time_limit_seconds=chance.choice((86_400, 86_400, max(10, work_ms // 2000))),
            checkpoint_on_signal=True,
            checkpoint_grace_seconds=30,
            retries=Retries(
                node_lost=chance.choice((0, 3)),
                start_failed=chance.choice((1, 5)),
                exit=chance.choice((0, 1)),
            ),
            lease_seconds=chance.choice((None, None, 90, 600)),
        )

    def _asks(self, key: str) -> None:
        job_id, spec = self.unanswered[key]
        suffix = (
            f"-{self.world.chance.randint(0, 10**9)}"  # an edge makes a new id each time that it is asked
        )
        request = Tell(JobsSubmitted((job_id + suffix,), (spec,), "member"), Idempotency("member", key, key))
        self.programs[job_id + suffix] = self.programs[job_id]
        self.centre.ask(request, lambda reply: self._answered(key, reply))

    def _answered(self, key: str, reply: Reply | None) -> None:
        if reply is None:
            self.world.after(self.world.log_scaled(100, 60 * SECOND), lambda: self._asks(key))
        elif key in self.unanswered:
            self.world.require(isinstance(reply, Done | Refusal), f"a submission was answered by {reply}")
            del self.unanswered[key]
            self.acknowledged.extend(reply.ids if isinstance(reply, Done) else ())

    def meddles(self) -> None:
        """Cancel or requeue something."""
        if not self.acknowledged:
            return
        job_id = self.world.chance.choice(self.acknowledged[-12:])
        cancel = self.world.happens(0.5)
        self._tells(
            CancelAsked(job_id, "member", "")
            if cancel
            else RequeueAsked(job_id, "member", self.world.happens(0.7), self.world.happens(0.5))
        )

    def _tells(self, report: Report) -> None:
        self.world.say(f"asks {report}"[:200])
        self.centre.ask(Tell(report), lambda reply: None)

    # Operators -----------------------------------------------------------------------------------

    def administers(self) -> None:
        """Drain or undrain a node, or change quotas."""
        node, chance = self.world.chance.choice(self.nodes), self.world.chance
        match chance.randrange(4):
            case 0:
                self._tells(DrainAsked(node.id, "operator", "", requeue=chance.random() < 0.5))
            case 1:
                self._tells(UndrainAsked(node.id, "operator"))
            case _:
                self.sets_quotas(generous=False)

    def confirms_dead(self, node: "ModelNode") -> None:
        """An operator sees that a machine is down, and says so, perhaps a little later while it still is."""

        def says() -> None:
            if node.agent is None and all(shim.exit is not None for shim in node.shims.values()):
                self._tells(NodeConfirmedDead(node.id, "operator"))

        self.world.after(self.world.chance.uniform(10 * SECOND, 2 * MINUTE), says)

    def reopens(self) -> None:
        """Everything is open to everybody again."""
        for node in self.nodes:
            self._tells(UndrainAsked(node.id, "operator"))
        self.sets_quotas(generous=True)

    def sets_quotas(self, *, generous: bool) -> None:
        """Quotas of both firms under one root, perhaps without one of them, perhaps with another class."""
        total = sum(len(node.gpus) for node in self.nodes)
        chance = self.world.chance
        gpu_class = "a100" if generous or chance.random() < 0.8 else "old"
        nodes = {"root": self._quota("root", None, None, total, 0, gpu_class)}
        for firm in FIRMS:
            if generous or chance.random() < 0.8:
                guaranteed = total // 2 if generous else chance.randint(0, total // 2)
                lent = guaranteed if generous else chance.randint(0, guaranteed)
                name = firm if chance.random() < 0.8 else f"{firm}-renamed"
                nodes[name] = self._quota(name, "root", firm, guaranteed, lent, gpu_class)
        firms = {firm: Firm(firm) for firm in FIRMS}
        parks = {park: Park(park) for park in "pq"}
        devices = {} if gpu_class == "a100" else {"a100": gpu_class}
        self._tells(QuotasApplied(QuotaTree(nodes), firms, parks, devices, "admin"))

    def _quota(
        self, name: str, parent: str | None, firm: str | None, guaranteed: int, lent: int, gpu_class: str
    ) -> QuotaNode:
        quota = ClassQuota(Gpus(guaranteed), lend_limit=Gpus(lent))
        return QuotaNode(name, parent, firm, 0, EVER, {gpu_class: quota})
