"""What goes into a journal in one commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Fencing

SQLITE_INTEGER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Fence:
    """A fencing number. Ordered: first by the leader's epoch, then by its counter."""

    epoch: int
    counter: int

    @classmethod
    def of(cls, message: Fencing) -> Self:
        """The number that a message carries."""
        return cls(message.epoch, message.counter)

    def message(self) -> Fencing:
        """The number as a message carries it."""
        return Fencing(epoch=self.epoch, counter=self.counter)

    @property
    def storable(self) -> bool:
        """Whether the journal can hold it; a number beyond is not one that a centre made."""
        return self.epoch <= SQLITE_INTEGER_MAX and self.counter <= SQLITE_INTEGER_MAX


@dataclass(frozen=True, slots=True)
class Write:
    """One commit: all of it becomes durable, or none.

    `records` are sent to the centre in this order; their `seq` is set by the journal. `fences` raise the
    highest number seen for a GPU, never lower it. `notes` is what to remember about ranks, by rank key;
    None forgets. `ended` are ranks that will never be started here again. `facts` are words about the node.
    """

    records: tuple[JournalRecord, ...] = ()
    fences: Mapping[str, Fence] = field(default_factory=dict)
    notes: Mapping[str, str | None] = field(default_factory=dict)
    ended: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
