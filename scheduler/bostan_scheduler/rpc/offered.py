"""Which files a node may fetch: those that it was just offered jobs with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

from bostan_scheduler.core.desired import DesiredSet, WantOffer
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.rpc.gate import Guest

_LATE_SECONDS = 60


@dataclass(slots=True)
class Offered:
    """Files by node, until a little after the offers have lapsed.

    An offer goes through this front before its agent can ask for the files, and a session that is opened anew gets its
    offers anew: so no look into the store is needed.
    """

    clock: Callable[[], Instant]
    _until: dict[tuple[str, str], Instant] = field(default_factory=dict)
    _swept_at: Instant = 0

    def note(self, park: str, wanted: DesiredSet) -> None:
        """These offers are on their way to a node of the park. An agent that does not say its node is let to those of all."""
        self._sweep()
        for rank in wanted.ranks:
            if isinstance(rank.want, WantOffer):
                until = after(rank.want.lapses_at, _LATE_SECONDS)
                for key in product((wanted.node_id, park), _files(rank.want)):
                    self._until[key] = max(until, self._until.get(key, 0))

    def allows(self, guest: Guest, sha256: str) -> bool:
        """Whether the caller may have this file now."""
        return self._until.get((guest.name, sha256), 0) > self.clock()

    def _sweep(self) -> None:
        now = self.clock()
        if now >= after(self._swept_at, _LATE_SECONDS):
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._swept_at = now

    def __len__(self) -> int:
        return len(self._until)


def _files(offer: WantOffer) -> Iterator[str]:
    if offer.spec.work_dir is not None:
        yield offer.spec.work_dir.sha256
    if offer.checkpoint is not None:
        yield offer.checkpoint.blob.sha256
