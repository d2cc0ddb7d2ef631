"""One run: a storm of faults in which nothing unsafe may happen, then calm weather in which everything must end."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bostan_scheduler.core.job import Finished
from bostan_scheduler.core.outcome import Succeeded
from bostan_scheduler.core.reports import CancelAsked
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.core.waits import Reason
from bostan_scheduler.service.messages import AskWhy, Tell, WhyAnswer
from bostan_scheduler.store import open_store

from simulation.centre import EPOCH, Centre
from simulation.line import Line
from simulation.node import ModelNode
from simulation.people import People
from simulation.truth import Truth
from simulation.world import HOUR, MINUTE, SECOND, Weather, World

CALM_BOUND = 12 * HOUR


@dataclass(frozen=True)
class Outcome:
    """What a run came to, for whoever counts."""

    seed: int
    jobs: int
    outcomes: Counter[str]
    attempts: int
    runs: int
    leaders: int
    virtual_seconds: int


class SimulationFailed(AssertionError):
    """A run in which something was wrong; the log of the world is with it."""

    def __init__(self, world: World, error: Exception) -> None:
        super().__init__(
            f"seed {world.seed}, after {world.now / SECOND:.3f} s: {type(error).__name__}: {error}"
        )
        self.log = tuple(world.log)


class Simulation:
    """The province of one seed."""

    def __init__(self, seed: int, store: Any = None) -> None:
        self.world = world = World(seed)
        world.weather = Weather.drawn(world.chance)
        self.truth, self.programs = Truth(world), dict[str, Any]()
        self.store: Any = store if store is not None else open_store("memory:")
        settings = self._settings()
        self.centre = Centre(world, self.truth, self.store, settings)
        self.line = Line(world, self.centre.ask, self.centre.wall, EPOCH, settings.silence_seconds * SECOND)
        self.centre.send, self.centre.gone = self.line.send, self.line.leader_is_gone
        self.nodes = [
            self._node(park, number) for park in "pq" for number in range(world.chance.randint(1, 3))
        ]
        self.people = People(world, self.centre, self.programs, self.nodes)

    def _settings(self) -> Settings:
        chance = self.world.chance
        return Settings(
            lease_seconds=chance.choice((120, 600, 1800)),
            renew_seconds=chance.choice((30, 120, 300)),
            start_within_seconds=chance.choice((20, 60)),
            checkpoint_wait_seconds=chance.choice((60, 600)),
        )

    def _node(self, park: str, number: int) -> ModelNode:
        node_id, chance = f"{park}/{number}", self.world.chance
        gpus = tuple(f"GPU-{node_id}-{index}" for index in range(chance.choice((1, 2, 4, 8))))
        skew = int(chance.uniform(-HOUR, HOUR)) if chance.random() < 0.3 else 0
        return ModelNode(self.world, self.truth, self.line, self.programs, node_id, gpus, skew)

    def run(self) -> Outcome:
        """Storm, calm, reckoning."""
        try:
            self._storm()
            self._calm()
            self._reckon()
        except Exception as error:
            raise SimulationFailed(self.world, error) from error
        return self._outcome()

    # Storm ---------------------------------------------------------------------------------------

    def _storm(self) -> None:
        world, weather = self.world, self.world.weather
        self.people.sets_quotas(generous=True)
        for _ in range(world.chance.randint(3, 25)):
            world.after(world.chance.uniform(0, 40 * MINUTE), self.people.submits)
        self._often(5 * MINUTE, self.people.meddles)
        self._often(weather.admin_every, self.people.administers)
        self._often(weather.cut_every, self._cut)
        self._often(weather.crash_every, lambda: self._some().crashes(wiped=world.happens(weather.wipe)))
        self._often(weather.reboot_every, self._reboot)
        self._often(weather.leader_every, self.centre.replaced)
        self._often(weather.clock_back_every, self._clock_back)
        world.run(until=int(world.chance.uniform(1, 2) * HOUR))

    def _often(self, every: int, do: Any) -> None:
        calm = self.world.weather
        if every:
            self.world.every(every, lambda: do() if self.world.weather is calm else None)

    def _some(self) -> ModelNode:
        return self.world.chance.choice(self.nodes)

    def _cut(self) -> None:
        node, world = self._some(), self.world
        self.line.cut.add(node.id)
        world.say(f"{node.id} is cut off")
        world.after(world.log_scaled(2 * SECOND, 2 * HOUR), lambda: self.line.cut.discard(node.id))

    def _reboot(self) -> None:
        node = self._some()
        node.reboots()
        if self.world.happens(0.5):
            self.people.confirms_dead(node)

    def _clock_back(self) -> None:
        self.centre.behind_ms += int(self.world.log_scaled(SECOND, HOUR))

    # Calm ----------------------------------------------------------------------------------------

    def _calm(self) -> None:
        world = self.world
        world.weather = Weather()
        self.line.cut.clear()
        for node in self.nodes:
            node.hidden = 0
            node.starts()
        world.every(10 * MINUTE, self._tidies)
        world.run(until=world.now + CALM_BOUND, over=self._over)
        if not self._over():
            world.require(False, f"still pending after {CALM_BOUND // HOUR} h of calm: {self._pending()}")

    def _tidies(self) -> None:
        """Operators open everything, users give up what no park can hold, machines see their GPUs again."""
        self.people.reopens()
        for job_id, reason in self._reasons():
            if reason is Reason.NO_SUCH_GPU:
                self.centre.ask(Tell(CancelAsked(job_id, "member", "impossible")), lambda reply: None)

    def _reasons(self) -> list[tuple[str, Reason]]:
        service = self.centre.service
        jobs = tuple(service.snapshot.jobs)
        replies = service.intake(self.centre.wall(), [AskWhy(one) for one in jobs]).replies
        pairs = zip(jobs, replies, strict=True)
        return [
            (job_id, reply.why.waits[0].reason) for job_id, reply in pairs if isinstance(reply, WhyAnswer)
        ]

    def _over(self) -> bool:
        idle: bool = (
            not self.centre.service.snapshot.jobs and not self.people.unanswered and not self.truth.living
        )
        return idle and all(self._delivered(node) for node in self.nodes)

    def _delivered(self, node: ModelNode) -> bool:
        return (
            node.agent is not None
            and not node.agent.ranks
            and node.journal.acked_seq == node.journal.last_seq
        )

    def _pending(self) -> dict[str, Any]:
        snapshot = self.centre.service.snapshot
        return {
            "reasons": self._reasons(),
            "attempts": [one for one in snapshot.attempts.values() if one.holds],
            "unanswered": sorted(self.people.unanswered),
            "living": sorted(self.truth.living),
            "ranks": {
                one.id: [(key, rank.phase, rank.note) for key, rank in one.agent.ranks.items()]
                for one in self.nodes
                if one.agent
            },
            "nodes": [(one.id, one.session, one.drain, len(one.gpus)) for one in snapshot.nodes.values()],
            "quota": snapshot.quota,
            "journals": {one.id: (one.journal.acked_seq, one.journal.last_seq) for one in self.nodes},
        }

    # Reckoning -----------------------------------------------------------------------------------

    def _reckon(self) -> None:
        self._nothing_acknowledged_is_lost()
        self._usage_is_exact()
        for attempt_id in self.truth.partly_started():
            outcome = self.store.attempt(attempt_id).phase.outcome
            self.world.require(outcome != Succeeded(), f"{attempt_id} succeeded, and never wholly ran")

    def _nothing_acknowledged_is_lost(self) -> None:
        require = self.world.require
        for job_id in self.people.acknowledged:
            job = self.store.job(job_id)
            require(job is not None and isinstance(job.phase, Finished), f"{job_id} was acknowledged: {job}")
            success = job.phase.outcome == Succeeded()
            require(not success or self.truth.succeeded(job_id), f"{job_id} did not truly succeed")
        keys = Counter(job_id.partition("-")[0] for job_id in self.people.acknowledged)
        require(max(keys.values(), default=0) <= 1, f"a key made two jobs: {keys}")
        stored = {job_id for job_id in self.programs if "-" in job_id and self.store.job(job_id) is not None}
        require(
            stored == set(self.people.acknowledged), f"{stored} are stored, not {self.people.acknowledged}"
        )

    def _usage_is_exact(self) -> None:
        """Counted once, and all of it: for every run that ended in its own boot, to the millisecond."""
        expected: Counter[str] = Counter()
        for key, run in self.truth.runs.items():
            held = self.truth.held_milliseconds(key)
            assert run.ended is not None
            really = run.ended - run.began
            exact = held <= really if run.rebooted else held == really
            self.world.require(exact, f"{key} held its GPUs {really} ms, and {held} ms were reported")
            expected[run.job_id] += held * len(run.gpus)
        counted = self.store.job_gpu_milliseconds(sorted(expected))
        wrong = {job: (counted.get(job, 0), ms) for job, ms in expected.items() if counted.get(job, 0) != ms}
        self.world.require(not wrong, f"usage as counted and as it was: {wrong}")

    def _outcome(self) -> Outcome:
        jobs = [self.store.job(job_id) for job_id in self.people.acknowledged]
        return Outcome(
            seed=self.world.seed,
            jobs=len(jobs),
            outcomes=Counter(type(job.phase.outcome).__name__ for job in jobs),
            attempts=sum(job.attempts for job in jobs),
            runs=len(self.truth.runs),
            leaders=self.centre.leaders,
            virtual_seconds=self.world.now // SECOND,
        )


def simulate(seed: int, store: Any = None) -> Outcome:
    """Run one seed; raises `SimulationFailed` where something is wrong."""
    return Simulation(seed, store).run()
