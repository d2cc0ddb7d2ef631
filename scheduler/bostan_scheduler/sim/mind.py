"""The one place that asks the core for a decision."""

from dataclasses import dataclass, field

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.check import check_plan
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.planning.planner import Planner, Rows


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done now, and when the plan wants to be made again though nothing has happened."""

    changes: tuple[Change, ...]
    again_at: Instant | None = None


@dataclass
class Mind:
    """Decides for one run, with one planner that is kept up to date; with `check`, a new one must agree each time,
    and the plan must hold against the state that it is for."""

    check: bool = False
    planner: Planner = field(default_factory=Planner)

    def decide(self, draft: Draft) -> Decision:
        """The plan of the draft as it stands; its changed rows are those since the last decision."""
        rows = Rows(tuple(draft.changed_jobs), tuple(draft.changed_attempts), tuple(draft.changed_nodes))
        self.planner.update(draft.view, rows)
        plan = self.planner.plan(draft.view)
        if self.check:
            assert plan == Planner().plan(draft.view), (
                "a planner that was kept up to date differs from a new one"
            )
            check_plan(draft.view, plan.changes)
        return Decision(plan.changes, plan.again_at)
