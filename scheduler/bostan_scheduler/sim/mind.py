"""The one place that asks the core for a decision."""

from dataclasses import dataclass

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.plan import plan


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done now, and when the plan wants to be made again though nothing has happened."""

    changes: tuple[Change, ...]
    again_at: Instant | None = None


class Mind:
    """Decides for one run."""

    def decide(self, draft: Draft) -> Decision:
        """The plan of the draft as it stands; its changed rows are those since the last decision."""
        return Decision(tuple(plan(draft.view).starts))
