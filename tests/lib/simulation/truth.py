"""What really runs where. No belief of the centre or of an agent enters here; safety is asserted against it."""

from collections import defaultdict
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Fencing, RankExited, RankReleased
from bostan_scheduler.core.snapshot import Snapshot

from simulation.world import World

Key = tuple[str, int]
"""An attempt's id and a rank."""


@dataclass(eq=False)
class Run:
    """A command that was really started. Instants are true milliseconds."""

    key: Key
    job_id: str
    ranks: int
    node_id: str
    gpus: tuple[str, ...]
    fencing: Fencing
    began: int
    ended: int | None = None
    succeeded: bool = False
    rebooted: bool = False


@dataclass
class Truth:
    """All runs, the living ones by key, and what was declared or acknowledged."""

    world: World
    runs: dict[Key, Run] = field(default_factory=dict)
    living: dict[Key, Run] = field(default_factory=dict)
    holders: dict[str, Run] = field(default_factory=dict)
    fences: dict[str, Fencing] = field(default_factory=dict)
    declared: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    acknowledged: dict[Key, dict[tuple[int, int], None]] = field(default_factory=lambda: defaultdict(dict))

    def begins(self, run: Run) -> None:
        """A command starts: alone on its GPUs, and no other attempt of its job runs anywhere."""
        require = self.world.require
        require(run.key not in self.runs, f"{run.key} is started twice")
        for gpu in run.gpus:
            holder = self.holders.get(gpu)
            require(holder is None, f"{gpu} runs {holder} and is to run {run.key} too")
            before = self.fences.get(gpu, Fencing(0, 0))
            require(before <= run.fencing, f"fencing of {gpu} goes back from {before} to {run.fencing}")
            self.holders[gpu], self.fences[gpu] = run, run.fencing
        others = [
            one.key for one in self.living.values() if one.job_id == run.job_id and one.key[0] != run.key[0]
        ]
        require(not others, f"{run.key} starts while {others} of the same job run")
        self.runs[run.key] = self.living[run.key] = run

    def ends(self, run: Run, *, succeeded: bool = False, rebooted: bool = False) -> None:
        """Nothing of it is left."""
        run.ended, run.succeeded, run.rebooted = self.world.now, succeeded, rebooted
        del self.living[run.key]
        for gpu in run.gpus:
            del self.holders[gpu]

    def agrees(self, snapshot: Snapshot) -> None:
        """The centre never takes for free what still runs."""
        for attempt_id, rank in self.living:
            attempt = snapshot.attempts.get(attempt_id)
            believed = attempt is not None and attempt.holds and not _free(attempt.seen[rank])
            if not believed:
                self.world.require(
                    False, f"{attempt_id}/{rank} still runs; the centre takes it for gone: {attempt}"
                )

    def succeeded(self, job_id: str) -> bool:
        """Whether some attempt of the job truly succeeded, every rank of it."""
        by_attempt: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs.values():
            if run.job_id == job_id and run.succeeded:
                by_attempt[run.key[0]].append(run)
        return any(len(runs) == runs[0].ranks for runs in by_attempt.values())

    def partly_started(self) -> list[str]:
        """Attempts of which some ranks ran and others never did."""
        by_attempt: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs.values():
            by_attempt[run.key[0]].append(run)
        return [one for one, runs in by_attempt.items() if len(runs) < runs[0].ranks]

    def held_milliseconds(self, key: Key) -> int:
        """How long a rank held its GPUs, as far as any of it was acknowledged: overlapping segments count once."""
        total, until = 0, 0
        for start, end in sorted(self.acknowledged[key]):
            total += max(0, end - max(start, until))
            until = max(until, end)
        return total


def _free(seen: object) -> bool:
    return isinstance(seen, RankReleased) or (isinstance(seen, RankExited) and seen.released)
