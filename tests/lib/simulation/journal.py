"""The model of a node's journal and of what an agent keeps beside it: durable until it is wiped."""

from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.desired import WantOffer
from bostan_scheduler.core.reports import RankReported

from simulation.truth import Key


@dataclass
class Note:
    """What an agent remembers of a rank, as its journal last said it."""

    fence: Fencing
    gpus: tuple[str, ...] = ()
    offer: WantOffer | None = None
    told: str = "accepted"
    used_until: int | None = None
    released: bool = False
    declared: int = 0
    settled: int = 0
    free_at: int | None = None
    boot: str = ""
    start_by: int = 0
    ended_at: int | None = None


@dataclass
class ModelJournal:
    """Records under consecutive numbers, deleted once acknowledged; and the notes, fences and ended ranks beside them."""

    id: str
    last_seq: int = 0
    acked_seq: int = 0
    records: dict[int, RankReported] = field(default_factory=dict)
    notes: dict[Key, Note] = field(default_factory=dict)
    ended: set[Key] = field(default_factory=set)

    def write(self, report: RankReported) -> int:
        """Keep a record; its number."""
        self.last_seq += 1
        self.records[self.last_seq] = report
        return self.last_seq

    def after(self, seq: int, limit: int) -> tuple[tuple[int, RankReported], ...]:
        """The records that follow `seq`."""
        wanted = range(seq + 1, min(self.last_seq, seq + limit) + 1)
        return tuple((number, self.records[number]) for number in wanted if number in self.records)

    def ack(self, seq: int) -> list[RankReported]:
        """The centre has all up to `seq`; what is deleted now."""
        done = range(self.acked_seq + 1, min(seq, self.last_seq) + 1)
        self.acked_seq = max(self.acked_seq, min(seq, self.last_seq))
        return [self.records.pop(number) for number in done]
