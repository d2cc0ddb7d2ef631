"""The engine: what happens at one instant, what follows from it in the core, then the plan; then the next instant."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from bostan_scheduler.core.apply import carry_out
from bostan_scheduler.core.attempt import Ending, Running, Starting, Unknown, Withdrawn
from bostan_scheduler.core.changes import (
    Change,
    Credit,
    HoldRound,
    Intend,
    KeepCheckpoints,
    Move,
    Pin,
    Refusal,
    Renew,
    Reserve,
    See,
    Start,
    Unreserve,
    Use,
)
from bostan_scheduler.core.check import check as check_all
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Active
from bostan_scheduler.core.observe import observe, observe_time
from bostan_scheduler.core.reports import JobsSubmitted, Report, RequeueAsked
from bostan_scheduler.sim.agenda import (
    Agenda,
    Arrives,
    Begins,
    Completes,
    Confirms,
    Event,
    LeaseEnds,
    Passes,
    Replan,
    Saves,
    Tick,
)
from bostan_scheduler.sim.agents import Agents
from bostan_scheduler.sim.faults import Fault
from bostan_scheduler.sim.mind import Decision, Mind
from bostan_scheduler.sim.records import Records
from bostan_scheduler.sim.scribe import Scribe
from bostan_scheduler.sim.takeup import take_up
from bostan_scheduler.sim.trouble import Trouble
from bostan_scheduler.sim.world import YEARS_10, Work, World

PLANS_AT_ONCE_MAX = 1000
IDLE_SECONDS_MAX = 86_400
USER = "simulator"


class Watch(Protocol):
    """Told how far a run is."""

    def __call__(self, now: Instant, finished: int) -> None: ...


def simulate(world: World, *, check: bool = False, watch: Watch | None = None) -> Records:
    """Run a world to its end. The same world gives the same records.

    With `check`, every invariant of the core is asserted after every instant.
    """
    engine = Engine.of(world, check)
    for now in engine.run():
        if watch is not None:
            watch(now, engine.scribe.finished)
    return engine.scribe.close(world.pool, engine.draft.view, engine.agents.lives)


@dataclass(slots=True)
class Engine:
    """One run. `replans` says that something has happened after which the plan may be another.

    The plan has asked to be made again at `again_at`. Nothing happens since `idle_since`; windows of the world that
    may yet open or end do so before `borders_until`.
    """

    world: World
    check: bool
    draft: Draft
    agenda: Agenda
    agents: Agents
    trouble: Trouble
    mind: Mind
    scribe: Scribe = field(default_factory=Scribe)
    ticks: bool = False
    replans: bool = False
    again_at: Instant | None = None
    idle_since: Instant | None = None
    borders_until: Instant = 0

    @classmethod
    def of(cls, world: World, check: bool) -> "Engine":
        """An engine at the beginning of a world."""
        agenda = Agenda()
        for work in sorted(world.works, key=lambda work: (work.submit_at, work.id)):
            if work.id not in world.pool.jobs:
                agenda.put(work.submit_at, Arrives(work))
        for fault in world.faults:
            agenda.put(fault.at, Begins(fault))
        agents = Agents({work.id: work for work in world.works}, world.model, agenda)
        draft = Draft.of(world.pool, world.pool.now)
        engine = cls(
            world,
            check,
            draft,
            agenda,
            agents,
            Trouble(agents),
            Mind(check),
            borders_until=_last_border(world),
        )
        if world.pool.jobs:
            engine._go_on()
        return engine

    def _go_on(self) -> None:
        """From a snapshot with jobs in it: what waits is expected, what runs is taken up, and a plan is due."""
        for work in self.world.works:
            if work.id in self.draft.jobs:
                self.scribe.expects(work)
        self._tell(take_up(self.agents, self.draft.view))
        self.agenda.put(self.draft.view.now, Tick())
        self._keep_ticking()
        self.replans = True

    def run(self) -> Iterator[Instant]:
        """Let time pass until all is done, nothing will happen any more, or the world is cut off; say each instant."""
        until = self.world.until
        while (at := self.agenda.next_at) is not None and self.scribe.finished < len(self.world.works):
            if until is not None and at > until:
                self.draft.view = replace(self.draft.view, now=until)
                return
            self.draft.view = replace(self.draft.view, now=at)
            for event in self.agenda.due(at):
                self.scribe.events += 1
                self._happens(event)
            self._settle()
            if self.check:
                check_all(self.draft.view)
            yield at

    def _happens(self, event: Event) -> None:
        view = self.draft.view
        match event:
            case Arrives(work):
                self._submit(work)
            case Completes(attempt_id):
                self._tell(self.agents.complete(view, attempt_id))
            case Saves(attempt_id):
                self._tell(self.agents.save(view, attempt_id))
            case LeaseEnds(attempt_id):
                self._tell(self.agents.end_lease(view, attempt_id))
            case Begins(fault):
                self._tell(self.trouble.begins(view, self.draft.heard, fault))
            case Passes(fault):
                self._pass(fault)
            case Confirms(node_id):
                self._tell(self.trouble.confirmed(view, node_id))
            case Tick(repeats=repeats):
                self._tick(repeats)
            case Replan():
                self.replans = self.replans or view.now == self.again_at
            case _:
                assert_never(event)

    def _submit(self, work: Work) -> None:
        self.scribe.expects(work)
        changes = observe(self.draft.view, JobsSubmitted((work.id,), (work.spec,), USER))
        if isinstance(changes, Refusal):
            self.scribe.refused(work.id, changes.detail, self.draft.view.now)
        else:
            self._do(changes)

    def _pass(self, fault: Fault) -> None:
        """A fault is over: a node that is back hears all that is wanted of it."""
        self._tell(self.trouble.passes(self.draft.view, fault))
        view = self.draft.view
        there = [one for one in view.attempts.values() if one.holds and fault.node_id in one.node_ids]
        for attempt in there:
            self._tell(self.agents.answer(view, attempt))

    def _tick(self, repeats: bool) -> None:
        """The clock alone; what holds nothing needs none."""
        now = self.draft.view.now
        self.draft.heard.update(self.trouble.heard(self.draft.view))
        self._do(observe_time(self.draft.view))
        if repeats:
            self.ticks = any(attempt.holds for attempt in self.draft.attempts.values())
            if self.ticks:
                self.agenda.put(after(now, self.world.model.tick_seconds), Tick(repeats=True))

    def _tell(self, reports: Iterable[Report]) -> None:
        """Reports, and what agents report when they hear what follows."""
        queue = deque(reports)
        while queue:
            changes = observe(self.draft.view, queue.popleft())
            assert not isinstance(changes, Refusal), changes
            queue.extend(self._carry_out(changes))

    def _do(self, changes: Iterable[Change]) -> None:
        """Changes, and what agents report when they hear of them."""
        self._tell(self._carry_out(changes))

    def _carry_out(self, changes: Iterable[Change]) -> list[Report]:
        told: dict[str, None] = {}
        for change in changes:
            self.scribe.note(self.draft.view, change, self.agents.lives)
            carry_out(self.draft, change)
            self._gather(change, told)
        attempts = (self.draft.attempts.get(one) for one in told)
        view = self.draft.view
        return [news for one in attempts if one is not None for news in self.agents.answer(view, one)]

    def _gather(self, change: Change, told: dict[str, None]) -> None:
        match change:
            case Start(attempt):
                told[attempt.id] = None
                self._keep_ticking()
            case Intend(attempt_id) | Move(attempt_id, Starting() | Withdrawn() | Ending()):
                told[attempt_id] = None
            case Move(_, Running() | Unknown()) | See() | Use() | Renew() | KeepCheckpoints() | Credit():
                pass
            case Reserve() | Unreserve() | HoldRound() | Pin():
                pass  # what a plan notes for the next one
            case _:
                self.replans = True

    def _keep_ticking(self) -> None:
        if not self.ticks:
            self.ticks = True
            self.agenda.put(after(self.draft.view.now, self.world.model.tick_seconds), Tick(repeats=True))

    def _settle(self) -> None:
        """Plan until the plan has nothing more to change at this instant."""
        if self.replans and self.world.model.free_moves:
            self._take_all_off()
        for _ in range(PLANS_AT_ONCE_MAX):
            if not self.replans:
                return
            self._plan()
        raise AssertionError(f"{PLANS_AT_ONCE_MAX} plans at {self.draft.view.now} have settled nothing")

    def _plan(self) -> None:
        self.replans = False
        self.scribe.plans += 1
        decision = self.mind.decide(self.draft)
        self.draft.changed_jobs.clear()
        self.draft.changed_attempts.clear()
        self.draft.changed_nodes.clear()
        self._do(decision.changes)
        self._plan_again(decision)

    def _plan_again(self, decision: Decision) -> None:
        """At the time that the latest plan asks for; earlier wishes are void. Where all is idle, time cures nothing."""
        now = self.draft.view.now
        self.again_at = None
        if decision.again_at is None or not self._may_still_change(decision):
            return
        self.again_at = max(decision.again_at, now + 1)
        self.agenda.put(self.again_at, Replan())

    def _may_still_change(self, decision: Decision) -> bool:
        """Whether something runs or will happen, or a plan a day ago was not yet as idle as this one."""
        now = self.draft.view.now
        acts = any(isinstance(one, Start | Intend) for one in decision.changes)
        if acts or self.agenda.next_at is not None or now < self.borders_until:
            self.idle_since = None
            return True
        self.idle_since = now if self.idle_since is None else self.idle_since
        return now < after(self.idle_since, IDLE_SECONDS_MAX)

    def _take_all_off(self) -> None:
        """Queue everything again, and forget the attempts that this makes by the thousand."""
        active = [job.id for job in self.draft.jobs.values() if isinstance(job.phase, Active)]
        self._tell(RequeueAsked(one, USER, checkpoint=True, avoid_node=False) for one in active)
        for attempt_id in [one.id for one in self.draft.attempts.values() if not one.holds]:
            del self.draft.attempts[attempt_id]


def _last_border(world: World) -> Instant:
    """When the last window of the world has opened or ended, as far as that is within ten years."""
    obstacles = [at for one in world.pool.obstacles.values() for at in (one.from_at, one.until_at)]
    quotas = [at for one in world.pool.quota.nodes.values() for at in (one.from_at, one.until_at)]
    limit = after(world.pool.now, YEARS_10)
    return max((at for at in (*obstacles, *quotas) if at <= limit), default=world.pool.now)
