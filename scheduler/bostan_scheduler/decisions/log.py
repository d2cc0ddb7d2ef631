"""The leader's side of the log: notes at each step what has changed, and hands it on once the step is committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.limits import DEFAULTS, IDLE_MILLISECONDS, DecisionLimits
from bostan_scheduler.decisions.rows import changed_rows
from bostan_scheduler.decisions.scribe import Noted, Scribe
from bostan_scheduler.decisions.tables import Rows, parts_of, rows_of
from bostan_scheduler.service.decisions import Tally, Waiting


@dataclass(slots=True)
class FileDecisionLog:
    """A `DecisionLog` in a folder. What it costs the leader grows with what has changed, never with what there is.

    After a failed commit nothing is known to have happened: what was noted is dropped, the changes before it stay.
    """

    folder: Path
    limits: DecisionLimits = DEFAULTS
    scribe: Scribe = field(init=False)
    _plans: int = 0
    _plan_seconds: float = 0.0
    _taken: int = 0
    _refused: int = 0
    _rows: Rows = field(default_factory=dict)
    _anew: bool = True
    _noted: tuple[Draft, Noted, Waiting] | None = None
    _written_at: Instant | None = None

    def __post_init__(self) -> None:
        self.scribe = Scribe(self.folder, self.limits)

    def begin(self, snapshot: Snapshot) -> None:
        """Start from this, whatever was known."""
        self._rows, self._anew, self._noted, self.scribe.astray = rows_of(snapshot), True, None, False

    def note(self, draft: Draft, changes: Sequence[Change], seconds: float, waiting: Waiting) -> None:
        """A plan was drawn up. It is written if it changes something, or after a minute of silence."""
        self._plans += 1
        self._plan_seconds += seconds
        view = draft.view
        last = self._written_at
        if not changes and last is not None and view.now - last < IDLE_MILLISECONDS:
            return
        rows = {**self._rows, **changed_rows(draft)}
        whole = _copied(view) if self._keeps_snapshot() else None
        noted = Noted(parts_of(view), rows, self._anew, tuple(changes), {}, seconds, whole)
        self._noted = (draft, noted, waiting)

    def keep(self, draft: Draft) -> None:
        """The step is committed."""
        noted = self._noted
        if noted is not None and noted[0] is draft:
            self._hand_on(replace(noted[1], waiting=dict(noted[2]())))
        self._noted = None
        self._rows.update(changed_rows(draft))
        if self.scribe.astray or len(self._rows) > _rows_in(draft.view) + self.limits.rows_slack:
            self.begin(draft.view)

    def tally(self) -> Tally:
        """What was planned and written."""
        scribe = self.scribe
        return Tally(
            plans=self._plans,
            plan_seconds=self._plan_seconds,
            decisions=scribe.decisions,
            decisions_lost=self._refused + scribe.decisions_lost,
            snapshots=scribe.snapshots,
            snapshots_lost=scribe.snapshots_lost,
        )

    def close(self) -> None:
        """Write what was handed on, and end."""
        self.scribe.close()

    def _hand_on(self, noted: Noted) -> None:
        self._written_at = noted.parts.now
        if self.scribe.take(noted):
            self._rows, self._anew = {}, False
            self._taken += 1
        else:
            self._refused += 1

    def _keeps_snapshot(self) -> bool:
        every = self.limits.snapshot_every
        return every > 0 and self._taken % every == 0


def _copied(view: Snapshot) -> Snapshot:
    """The plan's own changes are about to be carried out on these mappings."""
    jobs, attempts, nodes = dict(view.jobs), dict(view.attempts), dict(view.nodes)
    return replace(parts_of(view), jobs=jobs, attempts=attempts, nodes=nodes)


def _rows_in(view: Snapshot) -> int:
    return len(view.jobs) + len(view.attempts) + len(view.nodes)
