"""Plans carried out at once: what is to stop has stopped, what is to start runs, and the planner hears of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bostan_scheduler.core.apply import carry_out
from bostan_scheduler.core.attempt import Attempt, Lease, RankStarted, Running, Stop
from bostan_scheduler.core.changes import Change, Finish, Intend, Start
from bostan_scheduler.core.check import check, check_plan
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.observe.ending import end
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.plan import Planner, Rows
from bostan_scheduler.core.snapshot import Snapshot


@dataclass
class Table:
    """A snapshot that plans are carried out on, by a planner that keeps its desk."""

    snapshot: Snapshot
    planner: Planner = field(default_factory=Planner)

    def plan(self) -> tuple[Change, ...]:
        """Plan as things are; nothing is carried out."""
        return self.planner.plan(self.snapshot).changes

    def play(self) -> tuple[Change, ...]:
        """Plan, and carry it out to the end: starts run, stops have stopped."""
        changes = self.plan()
        check_plan(self.snapshot, changes)
        self.carry(changes)
        for change in changes:
            match change:
                case Start(attempt):
                    self.put(running(self.snapshot, attempt))
                case Intend(attempt_id, Stop(outcome=outcome)):
                    self.carry(end(self.snapshot, self.snapshot.attempts[attempt_id], outcome))
        check(self.snapshot)
        return changes

    def succeed(self, job_id: str) -> None:
        """A running job ends by itself."""
        attempt = next(one for one in self.snapshot.attempts.values() if one.job_id == job_id and one.holds)
        self.carry(end(self.snapshot, attempt, Succeeded()))

    def cancel(self, job_id: str) -> None:
        """A waiting job is given up by its user."""
        self.carry((Finish(job_id, Succeeded(), self.snapshot.now),))

    def carry(self, changes: Iterable[Change]) -> None:
        """Carry changes out and tell the planner of the rows."""
        draft = Draft.of(self.snapshot, self.snapshot.now)
        for change in changes:
            carry_out(draft, change)
        self._take(draft)

    def put(self, attempt: Attempt) -> None:
        """An attempt is now so."""
        draft = Draft.of(self.snapshot, self.snapshot.now)
        draft.put_attempt(attempt)
        self._take(draft)

    def later(self, seconds: int) -> None:
        """So much time passes."""
        self.snapshot = replace(self.snapshot, now=after(self.snapshot.now, seconds))

    def _take(self, draft: Draft) -> None:
        self.snapshot = draft.view
        rows = Rows(draft.changed_jobs, draft.changed_attempts, draft.changed_nodes)
        self.planner.update(self.snapshot, rows)


def running(snapshot: Snapshot, attempt: Attempt) -> Attempt:
    """An attempt of which every rank runs since now."""
    now = snapshot.now
    lease = Lease(after(now, attempt.lease_seconds), now)
    seen = tuple(RankStarted("127.0.0.1", 4000, now) for _ in attempt.places)
    return replace(snapshot.attempts[attempt.id], phase=Running(now, lease), seen=seen, started_at=now)
