"""Writes the records while changes are carried out."""

from collections import Counter
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt, Ended, Stop, StopCause
from bostan_scheduler.core.changes import Change, Finish, Intend, Move, Start
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.observe.ending import why_of
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.lives import Life
from bostan_scheduler.sim.records import JobRecord, Records, Span
from bostan_scheduler.sim.world import Work

STILL_RUNS = "still runs"


@dataclass(slots=True)
class Scribe:
    """Records as they grow."""

    jobs: dict[str, JobRecord] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    finished: int = 0
    plans: int = 0
    events: int = 0

    def expects(self, work: Work) -> None:
        """A job is about to be submitted."""
        spec = work.spec
        self.jobs[work.id] = JobRecord(work.id, spec.firm, spec.gpus, work.submit_at, work.run_milliseconds)

    def refused(self, job_id: str, why: str, now: Instant) -> None:
        """The centre did not take it."""
        self._finish(self.jobs[job_id], f"refused: {why}", now)

    def note(self, view: Snapshot, change: Change, lives: dict[str, Life]) -> None:
        """Write down what a change means for its job, before it is carried out."""
        match change:
            case Start(attempt):
                self._started(attempt)
            case Move(attempt_id, Ended(outcome=outcome)):
                self._held(view.attempts[attempt_id], lives.pop(attempt_id, None), why_of(outcome), view.now)
            case Intend(attempt_id, Stop(cause=StopCause.PREEMPTED)):
                self.jobs[view.attempts[attempt_id].job_id].preemptions += 1
            case Finish(job_id, outcome, at):
                self._finish(self.jobs[job_id], type(outcome).__name__.lower(), at)
            case _:
                pass

    def _started(self, attempt: Attempt) -> None:
        job = self.jobs[attempt.job_id]
        job.attempts += 1
        job.first_start_at = attempt.created_at if job.first_start_at is None else job.first_start_at

    def _held(self, attempt: Attempt, life: Life | None, how: str, now: Instant) -> None:
        """An attempt that never began to run held its GPUs for nothing."""
        held = now - attempt.created_at
        restart, lost = (0, held) if life is None else life.wasted(now)
        job = self.jobs[attempt.job_id]
        job.held_milliseconds += held
        job.restart_milliseconds += restart
        job.lost_milliseconds += lost
        self.spans.append(
            Span(
                job_id=attempt.job_id,
                firm=attempt.firm,
                number=attempt.number,
                park=attempt.park,
                gpu_class=attempt.gpu_class,
                places=attempt.places,
                from_at=attempt.created_at,
                until_at=now,
                restart_milliseconds=restart,
                lost_milliseconds=lost,
                how=how,
            )
        )

    def _finish(self, job: JobRecord, outcome: str, at: Instant) -> None:
        job.outcome, job.end_at = outcome, at
        self.finished += 1

    def close(self, start: Snapshot, end: Snapshot, lives: dict[str, Life]) -> Records:
        """The records; what still runs has held its GPUs up to now."""
        for attempt in end.attempts.values():
            if attempt.holds:
                self._held(attempt, lives.get(attempt.id), STILL_RUNS, end.now)
        nodes = sorted(start.nodes.values(), key=lambda node: node.id)
        classes = Counter((node.park, start.gpu_class(gpu) or "") for node in nodes for gpu in node.gpus)
        return Records(
            start_at=start.now,
            end_at=end.now,
            gpus=dict(sorted(classes.items())),
            nodes={node.id: len(node.gpus) for node in nodes},
            jobs=tuple(self.jobs.values()),
            spans=tuple(self.spans),
            plans=self.plans,
            events=self.events,
        )
