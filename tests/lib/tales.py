"""Drawn stories: in a drawn world things happen, agents answer sooner or later, time passes, and it is planned again and again."""

import random
from dataclasses import replace
from typing import Self

from bostan_scheduler.core.attempt import Ending, Offered, Running, Stop, Unknown, Withdrawn
from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.check import check, check_plan
from bostan_scheduler.core.node import Heard
from bostan_scheduler.core.observe import observe, observe_time
from bostan_scheduler.core.observe.ending import end, withdraw
from bostan_scheduler.core.outcome import StartFailed
from bostan_scheduler.core.plan import Plan, Planner
from bostan_scheduler.core.reports import Report
from drawn import drawn
from turns import Table, running


class Tale:
    """One story. `chance` decides what happens; `told` is what has, in words, for whoever reads of a failure."""

    def __init__(self, seed: int, **rules: int) -> None:
        self.seed, self.chance = seed, random.Random(f"tale {seed}")
        self.table, self.told = Table(drawn(seed, **rules)), list[str]()
        self.submitted = 0

    @property
    def now(self) -> int:
        return self.table.snapshot.now

    def say(self, what: str) -> Self:
        """Note what happens."""
        self.told.append(what)
        return self

    def tell(self, report: Report) -> bool:
        """A report, and what follows from it; whether it was not refused."""
        found = observe(self.table.snapshot, report)
        if isinstance(found, Refusal):
            return False
        self.table.carry(found)
        return True

    def passes(self, seconds: int) -> None:
        """Time passes; nodes that are not silent are heard all along."""
        self.say(f"{seconds} s pass")
        self.table.later(seconds)
        self.clock()

    def clock(self) -> None:
        """What the clock alone brings."""
        snapshot = self.table.snapshot
        heard = {node.id: self.now for node in snapshot.nodes.values() if isinstance(node.session, Heard)}
        self.table.snapshot = replace(snapshot, heard={**snapshot.heard, **heard})
        self.table.carry(observe_time(self.table.snapshot))

    def plans(self) -> Plan:
        """What the planner that goes along plans is what a new one would; it is carried out, as far as that is at once."""
        snapshot = self.table.snapshot
        plan, fresh = self.table.planner.plan(snapshot), Planner().plan(snapshot)
        assert plan == fresh, self.differ(plan, fresh)
        check_plan(snapshot, plan.changes)
        self.table.carry(plan.changes)
        check(self.table.snapshot)
        return plan

    def differ(self, kept: Plan, fresh: Plan) -> str:
        """Where two plans differ, and how it came to that."""
        one = [str(change) for change in kept.changes if change not in fresh.changes]
        other = [str(change) for change in fresh.changes if change not in kept.changes]
        again = f"again at {kept.again_at} and {fresh.again_at}"
        return "\n".join((f"seed {self.seed}", *self.told, "kept alone:", *one, "new alone:", *other, again))

    def agents_answer(self, eagerness: float = 0.8) -> None:
        """Each that has something to answer does so now, or later: what is offered runs or is refused, what is to stop has stopped."""
        for attempt_id in sorted(self.table.snapshot.attempts):
            if self.chance.random() < eagerness:
                self._answer(attempt_id)
        check(self.table.snapshot)

    def _answer(self, attempt_id: str) -> None:
        snapshot, attempt = self.table.snapshot, self.table.snapshot.attempts.get(attempt_id)
        if attempt is None or not all(
            isinstance(snapshot.nodes[one].session, Heard) for one in attempt.node_ids
        ):
            return
        match attempt.phase, attempt.intent:
            case Unknown(), _:
                return
            case Offered(), _ if self.chance.random() < 0.1:
                refused = StartFailed(attempt.node_ids[0], "busy")
                self.table.carry(withdraw(snapshot, attempt, refused))
            case Offered(), _:
                self.table.put(running(snapshot, attempt))
            case (Withdrawn(outcome=outcome), _) | (Ending(outcome=outcome), _):
                self.table.carry(end(snapshot, attempt, outcome))
            case Running(), Stop(outcome=outcome):
                self.table.carry(end(snapshot, attempt, outcome))
