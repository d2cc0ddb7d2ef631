"""A round: those who wait in turn ask for room; running jobs make it, or it is kept for them when it will be there."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Stop, StopCause
from bostan_scheduler.core.changes import Change, Intend, Reserve
from bostan_scheduler.core.instant import Instant, after, seconds_between
from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.outcome import Preempted
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.queue import Pair, Spot
from bostan_scheduler.core.planning.turns import Turns
from bostan_scheduler.core.preemption.claims import Claim, gain, keep_for, may_claim, reclaim
from bostan_scheduler.core.preemption.eviction import Eviction, evict
from bostan_scheduler.core.preemption.moves import moves
from bostan_scheduler.core.preemption.victim import Victim, victims
from bostan_scheduler.core.preemption.wanted import Wanted
from bostan_scheduler.core.timeline.earliest import reservation
from bostan_scheduler.core.timeline.reserved import Reserved

PASSED_MAX = 1000
"""How many waiting jobs that made room themselves are passed in a round, so that those behind them are heard."""


@dataclass(slots=True)
class Round:
    """One round on a desk. `told` are attempts that this plan stops already; `pool` are the running jobs that may still be asked to go, the cheapest first."""

    desk: Desk
    pool: list[Victim] = field(default_factory=list)
    told: frozenset[str] = frozenset()
    refused: int = 0
    passed: list[Spot] = field(default_factory=list)

    def hold(self) -> Iterator[Change]:
        """Line by line, in turn, until as many were refused as may be. Who may not ask is passed, and keeps its place."""
        self.pool = [victim for victim in victims(self.desk) if victim.attempt.id not in self.told]
        turns = Turns(self.desk)
        turns.add(pair for pair in self.desk.queue.lines if allowed(self.desk.queue.leaves[pair[0]], pair[1]))
        for pair in turns:
            job = self._first(pair)
            may = may_claim(self.desk.snapshot, job)
            changes = tuple(self._ask(pair, job, may))
            yield from changes
            if not changes and not may and len(self.passed) < PASSED_MAX:
                self.passed.append(self.desk.queue.step_aside(job.id))
            elif not changes:
                turns.drop()
                self.refused += 1
            if self.refused >= self.desk.snapshot.settings.preemption.candidates_max:
                break
        for spot in self.passed:
            self.desk.queue.step_back(spot)
        yield from moves(self.desk, self.pool)

    def _first(self, pair: Pair) -> Job:
        entry = self.desk.queue.head(pair)
        assert entry is not None, "a line in turn has a job"
        return self.desk.snapshot.jobs[entry[-1]]

    def _ask(self, pair: Pair, job: Job, may: bool) -> Iterator[Change]:
        if may:
            for gpu_class in classes_of(self.desk, pair[1]):
                if gpu_class is not None:
                    made = self.make_room(pair, job, gpu_class)
                    if made is not None:
                        yield from self._carry_out(job, gpu_class, made)
                        return
        kept = self._keep_room(pair, job)
        if kept is not None:
            yield Reserve(kept)

    def make_room(self, pair: Pair, job: Job, gpu_class: str) -> tuple[Eviction, str] | None:
        """The cheapest eviction that the job has a right to: first to what it is owed, then for the gain."""
        limits = self.desk.limits(pair[1], gpu_class)
        claims: list[tuple[Claim | None, str]] = [
            (reclaim(self.desk, pair, gpu_class), "a firm asks for what it is guaranteed"),
            (gain(self.desk, pair, job, gpu_class), "a job with far less left to do"),
        ]
        for claim, why in claims:
            if claim is not None:
                made = evict(Wanted(self.desk, pair, gpu_class, claim, limits), self.pool)
                if made is not None:
                    return made, why
        return None

    def _carry_out(self, job: Job, gpu_class: str, made: tuple[Eviction, str]) -> Iterator[Change]:
        eviction, why = made
        gone = {victim.attempt.id for victim in eviction.victims}
        self.pool = [victim for victim in self.pool if victim.attempt.id not in gone]
        for victim in eviction.victims:
            yield Intend(victim.attempt.id, self._stop(job, why))
        longest = max(victim.job.spec.stop_seconds for victim in eviction.victims)
        reserved = keep_for(self.desk, job, gpu_class, eviction.placement, longest)
        self.desk.keep(reserved)
        yield Reserve(reserved)

    def _stop(self, job: Job, why: str) -> Stop:
        outcome = Preempted(why, job.id)
        return Stop(StopCause.PREEMPTED, True, self.desk.snapshot.now, outcome, for_job=job.id)

    def _keep_room(self, pair: Pair, job: Job) -> Reserved | None:
        """A reservation for a gang that starves in its turn; what must not wait has its turn before its time."""
        settings = self.desk.snapshot.settings.preemption
        assert isinstance(job.phase, Queued), f"{job.id} does not wait"
        starves = seconds_between(job.phase.since, self.desk.snapshot.now) >= settings.starving_seconds
        kept_ahead = sum(one.ahead for one in self.desk.timeline.reserved.values())
        if job.id in self.desk.queue.urgent or not starves or kept_ahead >= settings.reservations_max:
            return None
        in_quota = [
            one for one in classes_of(self.desk, pair[1]) if one is not None and self._in_quota(pair, one)
        ]
        kept = reservation(self.desk, job, in_quota)
        if kept is not None:
            self.desk.keep(kept)
        return kept

    def _in_quota(self, pair: Pair, gpu_class: str) -> bool:
        return self.desk.books.quotas.covers(self.desk.queue.leaves[pair[0]], gpu_class, pair[1].gpus)


def due(desk: Desk) -> bool:
    """Whether somebody waits or could move, and the last round is long enough ago."""
    return wanted(desk) and desk.snapshot.now >= next_round_at(desk)


def wanted(desk: Desk) -> bool:
    """Whether a round could change anything: jobs wait, or run where there is more than one class."""
    return bool(desk.queue.lines) or bool(desk.running.attempts and len(desk.room.memories()) > 1)


def next_round_at(desk: Desk) -> Instant:
    """A spacing after the last one; later when nothing but time has passed since, and that makes nobody urgent."""
    snapshot, settings = desk.snapshot, desk.snapshot.settings.preemption
    stirred = snapshot.stirred_at >= snapshot.round_at or desk.queue.order.urgency is not None
    return after(snapshot.round_at, settings.spacing_seconds if stirred else settings.quiet_seconds)
