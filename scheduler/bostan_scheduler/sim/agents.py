"""The agents of all nodes: they answer at once to what the centre wants of their ranks, and carry the truth of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import (
    Attempt,
    Ending,
    Offered,
    Run,
    Running,
    Starting,
    Stop,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.reports import RankReported
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.speed import speed_of
from bostan_scheduler.sim import news
from bostan_scheduler.sim.agenda import Agenda, Completes, Saves, Tick
from bostan_scheduler.sim.lines import Lines
from bostan_scheduler.sim.lives import Life
from bostan_scheduler.sim.world import Model, Work

Reports = list[RankReported]


@dataclass(slots=True)
class Agents:
    """`lives` are the attempts that began to run and still hold GPUs, `begun` the jobs that have ever begun."""

    works: Mapping[str, Work]
    model: Model
    agenda: Agenda
    lines: Lines = field(default_factory=Lines)
    lives: dict[str, Life] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def answer(self, view: Snapshot, attempt: Attempt) -> Reports:
        """What reaches the centre when the nodes of an attempt hear what is wanted of it."""
        match attempt.phase:
            case Offered(lapses_at=lapses_at):
                self._look_again(attempt, lapses_at)
                return self.lines.through(news.accepted(attempt))
            case Withdrawn(lapses_at=lapses_at):
                self._look_again(attempt, after(lapses_at, view.settings.release_margin_seconds))
                return self.lines.through(news.released(attempt))
            case Starting() if isinstance(attempt.intent, Run):
                return self._begin(view, attempt)
            case Starting() | Running() | Unknown() | Ending():
                return self._stop_if_wanted(view, attempt)
            case _:
                return []

    def adopt(self, view: Snapshot, attempt: Attempt, began_at: Instant) -> None:
        """Take an attempt over that runs already: it goes on from where its job's progress was when it began."""
        work, job = self.works[attempt.job_id], view.jobs[attempt.job_id]
        life = Life(
            attempt_id=attempt.id,
            run=work.run_milliseconds,
            base=job.done_milliseconds,
            delay=0,
            speed=speed_of(view.classes, work.spec, attempt.gpu_class),
            began_at=began_at,
            saved=job.done_milliseconds,
        )
        self.lives[attempt.id] = life
        self._goes_on(view, attempt, life, after(began_at, attempt.time_limit_seconds))

    def _goes_on(self, view: Snapshot, attempt: Attempt, life: Life, limit_at: Instant) -> None:
        """It will end by itself, or at its time limit, and save itself now and then."""
        self.begun.add(attempt.job_id)
        self.agenda.put(max(view.now, life.ends_at), Completes(attempt.id))
        self._save_later(view, attempt)
        if limit_at < life.ends_at:
            self.agenda.put(max(view.now, limit_at), Tick())

    def complete(self, view: Snapshot, attempt_id: str) -> Reports:
        """The natural end of an attempt."""
        life, attempt = self.lives.get(attempt_id), view.attempts.get(attempt_id)
        if life is None or attempt is None or life.halted_at is not None:
            return []
        life.halt(view.now)
        life.saved = life.run
        return self._ended(view, attempt, life, "exited")

    def save(self, view: Snapshot, attempt_id: str) -> Reports:
        """A checkpoint while it runs, and the next one later."""
        life, attempt = self.lives.get(attempt_id), view.attempts.get(attempt_id)
        if life is None or attempt is None or life.halted_at is not None:
            return []
        self._save_later(view, attempt)
        return self._save(view, attempt, life)

    def end_lease(self, view: Snapshot, attempt_id: str) -> Reports:
        """Its shims end an attempt whose lease was not renewed."""
        life, attempt = self.lives.get(attempt_id), view.attempts.get(attempt_id)
        if (
            life is None
            or attempt is None
            or life.over
            or attempt.lease is None
            or attempt.lease.until > view.now
        ):
            return []
        life.halt(view.now)
        return self._ended(view, attempt, life, "lease-ended")

    def _look_again(self, attempt: Attempt, at: int) -> None:
        """Where an answer may not come, the clock will have to be looked at."""
        if not self.lines.all_whole and not all(self.lines.whole(one) for one in attempt.node_ids):
            self.agenda.put(at, Tick())

    def _begin(self, view: Snapshot, attempt: Attempt) -> Reports:
        work, now = self.works[attempt.job_id], view.now
        base = attempt.resumed_from_step or 0
        life = Life(
            attempt_id=attempt.id,
            run=work.run_milliseconds,
            base=base,
            delay=self.model.restart_seconds * 1000 if attempt.job_id in self.begun else 0,
            speed=speed_of(view.classes, work.spec, attempt.gpu_class),
            began_at=now,
            saved=base,
        )
        self.lives[attempt.id] = life
        self._goes_on(view, attempt, life, after(now, attempt.time_limit_seconds))
        return self.lines.through(news.started(attempt, now))

    def _save_later(self, view: Snapshot, attempt: Attempt) -> None:
        if self.model.checkpoint_seconds is not None and self._checkpoints(attempt):
            self.agenda.put(after(view.now, self.model.checkpoint_seconds), Saves(attempt.id))

    def _checkpoints(self, attempt: Attempt) -> bool:
        return self.works[attempt.job_id].spec.checkpoint_on_signal

    def _save(self, view: Snapshot, attempt: Attempt, life: Life) -> Reports:
        step = life.save(view.now)
        return self.lines.through(news.saved(attempt, life.saves, step))

    def _stop_if_wanted(self, view: Snapshot, attempt: Attempt) -> Reports:
        """A gang that hangs since it has lost a rank can still be stopped, but saves nothing any more."""
        life, intent = self.lives.get(attempt.id), attempt.intent
        wanted = isinstance(intent, Stop) or isinstance(attempt.phase, Ending)
        if life is None or life.over or not wanted:
            return []
        saves = isinstance(intent, Stop) and intent.checkpoint and self._checkpoints(attempt)
        first = self._save(view, attempt, life) if saves and life.halted_at is None else []
        life.halt(view.now)
        return [*first, *self._ended(view, attempt, life, "stopped")]

    def _ended(self, view: Snapshot, attempt: Attempt, life: Life, cause: str) -> Reports:
        life.over = True
        return self.lines.through(news.ended(attempt, life.began_at, view.now, cause))
