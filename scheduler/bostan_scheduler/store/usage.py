"""How much of a segment of GPU time lies in a window, exactly: windows that touch add up to the whole."""

from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.ports import UsageSum

Account = tuple[str, str | None, str]
"""What usage is summed by: firm, project and GPU class."""


@dataclass(frozen=True, slots=True)
class Segment:
    """GPU time spent evenly over `[from_at, until_at)`. One without length counts at its instant."""

    from_at: Instant
    until_at: Instant
    gpu_milliseconds: int

    def within(self, from_at: Instant, until_at: Instant) -> int:
        """The GPU milliseconds in `[from_at, until_at)`."""
        return self._until(until_at) - self._until(from_at)

    def touches(self, from_at: Instant, until_at: Instant) -> bool:
        """Whether any of it lies in `[from_at, until_at)`."""
        return self.from_at < until_at and self.from_at + self._length > from_at

    @property
    def _length(self) -> int:
        return max(1, self.until_at - self.from_at)

    def _until(self, at: Instant) -> int:
        elapsed = min(max(at - self.from_at, 0), self._length)
        return self.gpu_milliseconds * elapsed // self._length


@dataclass(slots=True)
class UsageTable:
    """Sums while they are added up."""

    gpu_milliseconds: dict[Account, int] = field(default_factory=dict)
    jobs: dict[Account, int] = field(default_factory=dict)

    def add(self, account: Account, gpu_milliseconds: int) -> None:
        """Count time for an account."""
        self.gpu_milliseconds[account] = self.gpu_milliseconds.get(account, 0) + gpu_milliseconds

    def sums(self) -> tuple[UsageSum, ...]:
        """By firm, then project, then class; what belongs to no project comes first."""
        order = sorted(self.gpu_milliseconds, key=lambda account: (account[0], account[1] or "", account[2]))
        return tuple(
            UsageSum(*account, self.gpu_milliseconds[account], self.jobs.get(account, 0)) for account in order
        )
