"""The model of a shim and the command under it: it runs, saves, ends by itself, when told to, or with its lease."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulation.truth import Run, Truth
from simulation.world import SECOND, World


@dataclass(frozen=True)
class Program:
    """What a job's command does when left alone: `work_ms` of it from the very beginning, then its exit code."""

    work_ms: int
    exit_code: int
    saves_every_ms: int
    heeds_stop_ms: int


@dataclass(frozen=True)
class ExitRecord:
    """The truth on disk. Instants are of the boot clock."""

    exit_code: int
    signal: int
    cause: str
    ended: int
    boot: str


@dataclass(eq=False)
class Shim:
    """One rank's supervisor, whether its agent lives or not. `told` is called when something happens to it."""

    world: World
    truth: Truth
    run: Run
    program: Program
    boot: str
    booted_at: int
    deadline: int
    base_step: int
    told: Callable[["Shim"], None]
    exit: ExitRecord | None = None
    stopping: bool = False
    saves: list[tuple[int, int]] = field(default_factory=list)
    started: int = field(init=False)

    def __post_init__(self) -> None:
        self.started = self._boot_now()
        self.truth.begins(self.run)
        left = max(SECOND, self.program.work_ms - self.base_step * SECOND)
        self.world.after(left, self._ends_by_itself)
        self._watch_lease()
        if self.program.saves_every_ms:
            self.world.after(self.program.saves_every_ms, self._saves_again)

    def _boot_now(self) -> int:
        return self.world.now - self.booted_at

    def renew(self, deadline: int) -> None:
        """Move the deadline; not once it is being stopped."""
        if self.exit is None and not self.stopping:
            self.deadline = deadline
            self._watch_lease()

    def stop(self, *, save: bool) -> None:
        """Save first if asked to, then end within the grace."""
        if self.exit is not None or self.stopping:
            return
        self.stopping = True
        if save and self.program.saves_every_ms:
            self._save()
        self.world.after(self.program.heeds_stop_ms, lambda: self._end(0, 15, "stopped"))

    def dies(self, cause: str = "node-rebooted") -> None:
        """The machine goes down under it: nobody sees when."""
        if self.exit is None:
            self.truth.ends(self.run, rebooted=True)
            self.exit = ExitRecord(0, 0, cause, self._boot_now(), self.boot)

    def _watch_lease(self) -> None:
        self.world.after(self.deadline - self._boot_now() - 1, self._lease_is_over)

    def _lease_is_over(self) -> None:
        if self.exit is None and self._boot_now() >= self.deadline - 1:
            self._end(0, 9, "lease-ended")

    def _ends_by_itself(self) -> None:
        if not self.stopping:
            self._end(self.program.exit_code, 0, "exited")

    def _end(self, exit_code: int, signal: int, cause: str) -> None:
        if self.exit is None:
            self.truth.ends(self.run, succeeded=cause == "exited" and exit_code == 0)
            self.exit = ExitRecord(exit_code, signal, cause, self._boot_now(), self.boot)
            self.world.say(f"{self.run.key} {cause} {exit_code} {signal} on {self.run.node_id}")
            self.told(self)

    def _saves_again(self) -> None:
        if self.exit is None and not self.stopping:
            self._save()
            self.world.after(self.program.saves_every_ms, self._saves_again)

    def _save(self) -> None:
        step = self.base_step + (self._boot_now() - self.started) // SECOND
        self.saves.append((len(self.saves) + 1, step))
        self.truth.declared[self.run.job_id].add(step)
        self.told(self)
