"""A round: those who wait in turn ask for room; running jobs make it, or it is kept for them when it will be there."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt, Ending, Running, Starting, Stop, StopCause, Withdrawn
from bostan_scheduler.core.changes import Change, Intend, Reserve
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import Heard
from bostan_scheduler.core.outcome import Preempted
from bostan_scheduler.core.planning.awaited import Awaited
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.queue import Pair, Spot
from bostan_scheduler.core.planning.trial import Trial
from bostan_scheduler.core.planning.turns import Turns
from bostan_scheduler.core.preemption.claims import Claim, gain, keep_for, may_claim, reclaim
from bostan_scheduler.core.preemption.eviction import Eviction, evict
from bostan_scheduler.core.preemption.moves import moves
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.starving import keep_for_starving
from bostan_scheduler.core.preemption.victim import victims
from bostan_scheduler.core.preemption.wanted import Wanted
from bostan_scheduler.core.snapshot import Snapshot

CLAIMS_MAX = 200
"""For how many waiting jobs room is made in a round: each is weighed against all that is kept for those before it."""
PASSED_MAX = 1000
"""How many waiting jobs that made room themselves are passed in a round, so that those behind them are heard."""


@dataclass(slots=True)
class Round:
    """One round on a desk. `told` are attempts that this plan stops already; `pool` are the running jobs that may still be asked to go.

    `awaited` is what those before wait for, where the order passes nobody.
    """

    desk: Desk
    pool: Pool = field(default_factory=Pool)
    told: frozenset[str] = frozenset()
    refused: int = 0
    granted: int = 0
    passed: list[Spot] = field(default_factory=list)
    awaited: Awaited = field(default_factory=Awaited)

    def hold(self) -> Iterator[Change]:
        """First who makes room for whom, as if all that are on their way out had gone; then what is kept for the starving, and who moves."""
        self.pool = Pool.of(one for one in victims(self.desk) if one.attempt.id not in self.told)
        with Trial(self.desk) as going:
            for attempt in self._on_their_way_out():
                going.remove(attempt)
            yield from self._in_turn(going)
        for spot in self.passed:
            self.desk.queue.step_back(spot)
        if self.desk.queue.order.reserves:
            yield from keep_for_starving(self.desk)
        yield from moves(self.desk, self.pool.all())

    def _on_their_way_out(self) -> list[Attempt]:
        """What stops already, and will have gone by its own stop time: not what a silent node may still run."""
        snapshot, running = self.desk.snapshot, self.desk.running.attempts.values()
        return [one for one in running if one.id in self.told or _goes(snapshot, one)]

    def _in_turn(self, going: Trial) -> Iterator[Change]:
        """Line by line, until as many were refused as may be. Who may not ask is passed, and keeps its place."""
        turns = Turns(self.desk)
        turns.add(pair for pair in self.desk.queue.lines if allowed(self.desk.queue.leaves[pair[0]], pair[1]))
        for pair in turns:
            job = self._first(pair)
            may = may_claim(self.desk.snapshot, job)
            changes = tuple(self._ask(pair, job, going)) if may else ()
            yield from changes
            if not changes and not self.desk.queue.order.passes:
                self.awaited.wait(self.desk, pair)
            if not changes and not may and len(self.passed) < PASSED_MAX:
                self.passed.append(self.desk.queue.step_aside(job.id))
            elif not changes:
                turns.drop()
                self.refused += 1
            self.granted += bool(changes)
            if self._enough():
                break

    def _enough(self) -> bool:
        refused_max = self.desk.snapshot.settings.preemption.candidates_max
        return self.refused >= refused_max or self.granted >= CLAIMS_MAX

    def _first(self, pair: Pair) -> Job:
        entry = self.desk.queue.head(pair)
        assert entry is not None, "a line in turn has a job"
        return self.desk.snapshot.jobs[entry[-1]]

    def _ask(self, pair: Pair, job: Job, going: Trial) -> Iterator[Change]:
        awaited = self.awaited.for_leaf(pair[0])
        for gpu_class in classes_of(self.desk, pair[1]):
            if gpu_class is not None and gpu_class not in awaited:
                made = self.make_room(pair, job, gpu_class)
                if made is not None:
                    yield from self._carry_out(job, gpu_class, made, going)
                    return

    def make_room(self, pair: Pair, job: Job, gpu_class: str) -> tuple[Eviction, str] | None:
        """The cheapest eviction that the job has a right to: first to what it is owed, then for the gain."""
        late_seconds, kept = self._late_seconds(gpu_class), self.desk.timeline.kept()
        limits = self.desk.limits(pair[1], gpu_class, late_seconds=late_seconds)
        claims: list[tuple[Claim | None, str]] = [
            (reclaim(self.desk, pair, gpu_class), "a firm asks for what it is guaranteed"),
            (gain(self.desk, pair, job, gpu_class), "a job with far less left to do"),
        ]
        for claim, why in claims:
            if claim is not None:
                wanted = Wanted(self.desk, pair, gpu_class, claim, limits, kept, late_seconds)
                made = evict(wanted, self.pool)
                if made is not None:
                    return made, why
        return None

    def _late_seconds(self, gpu_class: str) -> int:
        """How long it may take at most until room that is made now is used."""
        return self.pool.slowest_seconds(gpu_class) + self.desk.snapshot.settings.preemption.claim_seconds

    def _carry_out(
        self, job: Job, gpu_class: str, made: tuple[Eviction, str], going: Trial
    ) -> Iterator[Change]:
        """Who goes is told, and as good as gone for those that ask next; the room is kept until all have left it."""
        eviction, why = made
        for victim in eviction.victims:
            self.pool.drop(victim)
            going.remove(victim.attempt)
            yield Intend(victim.attempt.id, self._stop(job, why))
        stop_seconds = max(self._stops_seconds(eviction, going), default=0)
        reserved = keep_for(self.desk, job, gpu_class, eviction.placement, stop_seconds)
        self.desk.keep(reserved)
        yield Reserve(reserved)

    def _stops_seconds(self, eviction: Eviction, going: Trial) -> Iterator[int]:
        """How long those may take to go that make room, and those that are going anyway from its nodes."""
        victims, nodes = {one.attempt.id for one in eviction.victims}, set(eviction.placement.node_ids)
        for attempt in going.removed.values():
            if attempt.id in victims or not nodes.isdisjoint(attempt.node_ids):
                yield self.desk.snapshot.jobs[attempt.job_id].spec.stop_seconds

    def _stop(self, job: Job, why: str) -> Stop:
        outcome = Preempted(why, job.id)
        return Stop(StopCause.PREEMPTED, True, self.desk.snapshot.now, outcome, for_job=job.id)


def _goes(snapshot: Snapshot, attempt: Attempt) -> bool:
    match attempt.phase, attempt.intent:
        case Ending(), _:
            return all(_heard(snapshot, node_id) for node_id in attempt.awaited_node_ids)
        case Withdrawn(), _:
            return True
        case Starting() | Running(), Stop():
            return True
        case _:
            return False


def _heard(snapshot: Snapshot, node_id: str) -> bool:
    node = snapshot.nodes.get(node_id)
    return node is not None and isinstance(node.session, Heard)


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
