"""The real writer under a leader's life: batches, plans, failing commits, successors, and predecessors who do not know."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bostan_scheduler.core.check import check
from bostan_scheduler.core.job import JobSpec
from bostan_scheduler.core.reports import JobsSubmitted
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.messages import Outbox, Reply, Request, Tell
from bostan_scheduler.service.ports import Commit, LeadershipLost, StoreError
from bostan_scheduler.service.writer import Service

from simulation.truth import Truth
from simulation.world import SECOND, World

EPOCH = 1_800_000_000_000

Answer = Callable[[Reply | None], None]


@dataclass
class Flaky:
    """A store whose commits may fail; everything else is the store's own."""

    store: Any
    world: World

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, commit: Commit) -> int:
        """Keep it, unless the disk says no."""
        if self.world.happens(self.world.weather.commit_fails):
            raise StoreError("the disk says no")
        return int(self.store.commit(commit))


@dataclass(eq=False)
class Centre:
    """The leader of the moment. `send` takes outboxes, `gone` is told when the leader is replaced."""

    world: World
    truth: Truth
    store: Any
    settings: Settings
    send: Callable[[Outbox], None] = lambda outbox: None
    gone: Callable[[], None] = lambda: None
    behind_ms: int = 0
    leaders: int = 0
    stepping: bool = False
    inbox: list[tuple[Request, Answer]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flaky = Flaky(self.store, self.world)
        self.service = Service.start(self.flaky, self.settings, self.wall(), "leader")
        self.world.every(5 * SECOND, self.plan)

    def wall(self) -> int:
        """What the centre's calendar says; it may have been set back."""
        return EPOCH + self.world.now - self.behind_ms

    def ask(self, request: Request, answer: Answer) -> None:
        """A request for the next step; the answer is None when the leader was replaced or could not commit."""
        self.inbox.append((request, answer))
        if not self.stepping:
            self.stepping = True
            self.world.after(self.world.log_scaled(1, 200), self._step)

    def _step(self) -> None:
        self.stepping = False
        batch, self.inbox = self.inbox, []
        requests = [request for request, _ in batch]
        step = self._kept(lambda: self.service.intake(self.wall(), requests))
        replies: Any = [None] * len(batch) if step is None else step.replies
        for (_, answer), reply in zip(batch, replies, strict=True):
            answer(reply)
        if step is not None and self.service.replans:
            self.world.after(self.world.log_scaled(1, 500), self.plan)

    def plan(self) -> None:
        """Draw a plan up and keep it."""
        self._kept(lambda: self.service.plan(self.wall()))

    def _kept(self, work: Callable[[], Any]) -> Any:
        """One step, and what must hold after it. A leader may die between the commit and the answer."""
        before, sessions = self.service.snapshot, dict(self.service.sessions)
        try:
            step = work()
        except StoreError:
            same = self.service.snapshot is before and self.service.sessions == sessions
            self.world.require(same, "a commit failed and the state changed")
            if self.world.happens(0.3):
                self.replaced()
            return None
        check(self.service.snapshot)
        self.truth.agrees(self.service.snapshot)
        if self.world.happens(self.world.weather.commit_fails):
            self.replaced()
            return None
        self.send(step.outbox)
        return step

    def replaced(self) -> None:
        """Another leader takes over; the one before tries once more to have its way, and must not."""
        self.leaders += 1
        self.world.say(f"leader {self.leaders} takes over")
        before = self.service
        self.service = Service.start(self.flaky, self.settings, self.wall(), f"leader-{self.leaders}")
        check(self.service.snapshot)
        self.truth.agrees(self.service.snapshot)
        dropped, self.inbox = self.inbox, []
        self.gone()
        for _, answer in dropped:
            answer(None)
        self.world.after(self.world.log_scaled(1, 60 * SECOND), lambda: self._ghost(before))

    def _ghost(self, before: Service) -> None:
        firm = next(iter(before.snapshot.firms), None)
        if firm is None:
            return
        ghost = replace(before, store=self.store, snapshot=replace(before.snapshot, settings=Settings()))
        spec = JobSpec("ghost", firm, None, ("true",))
        try:
            step = ghost.intake(
                self.wall(), [Tell(JobsSubmitted((f"ghost-{self.leaders}",), (spec,), "ghost"))]
            )
        except LeadershipLost:
            return
        self.world.require(False, f"a leader that was replaced still commits: {step.replies}")
