"""Virtual time, chance, and how bad the weather is: the ground that everything else stands on."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@dataclass
class Weather:
    """What goes wrong, and how often. Each kind is left out of some runs, so that the others show alone."""

    loss: float = 0.0
    double: float = 0.0
    delay_ms_max: int = 100
    cut_every: int = 0
    crash_every: int = 0
    reboot_every: int = 0
    wipe: float = 0.0
    leader_every: int = 0
    commit_fails: float = 0.0
    clock_back_every: int = 0
    refuse: float = 0.0
    start_fails: float = 0.0
    admin_every: int = 0
    slow_staging: float = 0.0
    hidden_gpu: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> "Weather":
        """A kind of weather, each trouble on in two of three runs."""

        def maybe(value: float) -> float:
            return value if chance.random() < 0.66 else 0

        return cls(
            loss=maybe(chance.uniform(0, 0.08)),
            double=maybe(chance.uniform(0, 0.08)),
            delay_ms_max=int(maybe(chance.choice((2 * SECOND, 10 * SECOND)))) or 100,
            cut_every=int(maybe(chance.uniform(5, 40) * MINUTE)),
            crash_every=int(maybe(chance.uniform(5, 40) * MINUTE)),
            reboot_every=int(maybe(chance.uniform(20, 90) * MINUTE)),
            wipe=maybe(0.3),
            leader_every=int(maybe(chance.uniform(3, 30) * MINUTE)),
            commit_fails=maybe(chance.uniform(0, 0.03)),
            clock_back_every=int(maybe(chance.uniform(20, 60) * MINUTE)),
            refuse=maybe(chance.uniform(0, 0.15)),
            start_fails=maybe(chance.uniform(0, 0.1)),
            admin_every=int(maybe(chance.uniform(3, 15) * MINUTE)),
            slow_staging=maybe(0.1),
            hidden_gpu=maybe(0.2),
        )


@dataclass
class World:
    """What time it truly is, in milliseconds, and what is still to come."""

    seed: int
    chance: random.Random = field(init=False)
    weather: Weather = field(default_factory=Weather)
    now: int = 0
    log: deque[str] = field(default_factory=lambda: deque(maxlen=20_000))
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def after(self, delay_ms: float, do: Callable[[], None]) -> None:
        """Do something so much later."""
        heapq.heappush(self._queue, (self.now + max(0, int(delay_ms)), next(self._order), do))

    def every(self, ms: float, do: Callable[[], None]) -> None:
        """Do something again and again, not quite regularly."""

        def again() -> None:
            do()
            self.after(ms * self.chance.uniform(0.8, 1.2), again)

        self.after(ms * self.chance.random(), again)

    def run(self, until: int, over: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until an instant, or until it is over."""
        while self._queue and self._queue[0][0] <= until and not over():
            self.now, _, do = heapq.heappop(self._queue)
            do()
        self.now = max(self.now, until) if not over() else self.now

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return probability > 0 and self.chance.random() < probability

    def log_scaled(self, low: float, high: float) -> float:
        """A number between the two, as often small as large."""
        return float(low * (high / low) ** self.chance.random())

    def require(self, holds: bool, what: str) -> None:
        """Assert, saying the seed and the instant."""
        assert holds, f"seed {self.seed}, after {self.now / SECOND:.3f} s: {what}"

    def say(self, what: str) -> None:
        """Note what happened, for whoever looks into a failed run."""
        self.log.append(f"{self.now / SECOND:10.3f} {what}")
