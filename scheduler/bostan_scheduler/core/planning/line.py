"""Waiting jobs of one quota leaf and one shape, best first."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Job

Entry = tuple[float, int, str]
"""A job's key, when it was submitted, and its id, which is unique."""


@dataclass(slots=True)
class Line:
    """Entries in order. A job keeps its key while it waits, since nothing of it is done meanwhile."""

    entries: list[Entry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Put many in at once."""
        self.entries = sorted((*self.entries, *entries))

    def add(self, entry: Entry) -> None:
        """Put one in."""
        insort(self.entries, entry)

    def remove(self, entry: Entry) -> None:
        """Take one out."""
        at = bisect_left(self.entries, entry)
        assert self.entries[at] == entry, f"{entry[2]} is not in this line"
        del self.entries[at]

    def ahead_of(self, entry: Entry) -> int:
        """How many come before it."""
        return bisect_left(self.entries, entry)


def entry_of(key: float, job: Job) -> Entry:
    """The entry of a job with this key."""
    return key, job.submitted_at, job.id
