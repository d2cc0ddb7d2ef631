"""What would be if some attempts were gone: tried on the desk, and undone."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.planning.desk import Desk


@dataclass(slots=True)
class Trial:
    """Within `with`, attempts may be taken off the desk; after it, all are back and nothing has changed."""

    desk: Desk
    removed: dict[str, Attempt] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for attempt in tuple(self.removed.values()):
            self.put_back(attempt)

    def remove(self, attempt: Attempt) -> None:
        """As if it held nothing."""
        assert attempt.id not in self.removed, f"{attempt.id} is gone already"
        self.removed[attempt.id] = attempt
        self.desk.let_go(attempt.id)

    def put_back(self, attempt: Attempt) -> None:
        """It holds what it held."""
        del self.removed[attempt.id]
        self.desk.hold(attempt, self.desk.snapshot.jobs[attempt.job_id])
