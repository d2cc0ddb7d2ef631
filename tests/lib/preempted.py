"""Who made room for whom in a story, and what may follow from it: an account of its own, kept from what is seen to run."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Running, Stop
from bostan_scheduler.core.changes import Change, Intend
from bostan_scheduler.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class MadeRoom:
    """A job stopped its attempt of this number so that another could run."""

    number: int
    for_job: str


@dataclass(slots=True)
class Preemptions:
    """The jobs that made room, until they have run again. `claims` counts those that were asked for room."""

    made_room: dict[str, MadeRoom] = field(default_factory=dict)
    claims: int = 0

    def ran(self, snapshot: Snapshot) -> None:
        """Who runs again has made up for it."""
        for attempt in snapshot.attempts.values():
            made = self.made_room.get(attempt.job_id)
            if made is not None and isinstance(attempt.phase, Running) and attempt.number > made.number:
                del self.made_room[attempt.job_id]

    def asked(self, snapshot: Snapshot, changes: Iterable[Change]) -> None:
        """Assert of each that is asked for room that work was done: by it, and by who asks since that made room itself."""
        for job_id, number, for_job in stops_for_others(changes):
            self.claims += 1
            self._may_ask(snapshot, for_job)
            self._has_run(snapshot, f"{job_id}.{number}")
            self.made_room[job_id] = MadeRoom(number, for_job)
            self._no_circle(snapshot, job_id)

    def _may_ask(self, snapshot: Snapshot, job_id: str) -> None:
        made = self.made_room.get(job_id)
        assert made is None or made.for_job not in snapshot.jobs, (
            f"{job_id} made room for {made.for_job}, has not run since, and asks for room"
        )

    def _has_run(self, snapshot: Snapshot, attempt_id: str) -> None:
        settings, started_at = snapshot.settings, snapshot.attempts[attempt_id].started_at
        assert started_at is not None, f"{attempt_id} is to make room, and never ran"
        gain = settings.order.gain
        least = min(settings.preemption.min_run_seconds, gain.min_run_seconds if gain is not None else 2**31)
        assert snapshot.now - started_at >= least * 1000, f"{attempt_id} is to make room, and has hardly run"

    def _no_circle(self, snapshot: Snapshot, job_id: str) -> None:
        """From each that waits for another to finish to that other: it never comes back."""
        seen, one = set[str](), job_id
        while one in self.made_room and self.made_room[one].for_job in snapshot.jobs:
            assert one not in seen, f"each of {sorted(seen)} made room for the next"
            seen.add(one)
            one = self.made_room[one].for_job


def stops_for_others(changes: Iterable[Change]) -> list[tuple[str, int, str]]:
    """The job, its attempt's number and the job that it makes room for, of each stop for another job."""
    found = []
    for one in changes:
        if isinstance(one, Intend) and isinstance(one.intent, Stop) and one.intent.for_job is not None:
            job_id, _, number = one.attempt_id.partition(".")
            if one.intent.for_job != job_id:
                found.append((job_id, int(number), one.intent.for_job))
    return found
