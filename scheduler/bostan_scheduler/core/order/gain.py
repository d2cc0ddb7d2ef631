"""When a waiting job is so much better that a running one should make room for it."""

from dataclasses import dataclass

from bostan_scheduler.core.order.ask import Ask


@dataclass(frozen=True, slots=True)
class Gain:
    """A running job gives way to one whose key is at least `ratio` times smaller, once it has run `min_run_seconds`.

    Keys are compared from the earlier of the two submissions on, so that the calendar does not matter. Since the key
    must be smaller, no circle of jobs can push each other out.
    """

    ratio: float = 2.0
    min_run_seconds: int = 1800
    ageing: float = 0.0

    def __post_init__(self) -> None:
        assert self.ratio >= 1.0, "a job would give way to a worse one"

    def enough(self, candidate: Ask, running: Ask, restart_seconds: int) -> bool:
        """Whether the candidate is so much better, and the restart of the running job is paid back."""
        assert restart_seconds >= 0, "a restart gives nothing back"
        base = min(candidate.submitted_at, running.submitted_at)
        better, worse = self._key(candidate, base), self._key(running, base)
        restart = restart_seconds * running.gpus / running.pool_gpus
        return worse > better + restart and worse >= self.ratio * better

    def _key(self, ask: Ask, base: int) -> float:
        return ask.pool_seconds + self.ageing * (ask.submitted_at - base) / 1000
