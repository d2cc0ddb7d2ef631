"""What is remembered about a rank beside its folder, committed together with what is said of it."""

import base64
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from bostan_protos.v1.rank_pb2 import DesiredRank

from bostan_agent.journal import Fence
from bostan_agent.ranks.values import Assignment
from bostan_agent.ranks.wants import key_of
from bostan_agent.shim.clock import Stamp, stamp_of


class Told(StrEnum):
    """What the journal has last said of a rank's course."""

    ACCEPTED = "accepted"
    STARTED = "started"
    ENDED = "ended"


class Outputs(StrEnum):
    """Where a rank's outputs are."""

    PENDING = "pending"
    SETTLED = "settled"  # with the centre, or there are none, or they cannot be sent


@dataclass(frozen=True, slots=True)
class Notes:
    """One rank's notes. Instants are of the boot named by `boot_id`.

    `used_until` is where its last usage segment ended. `checkpoint_settled` is the newest checkpoint that is stored or lost.
    `free_at_ns` is set for a rank that was never found here: only the end of its lease frees its GPUs.
    """

    entry: str
    boot_id: str
    start_by_ns: int
    port: int
    told: Told = Told.ACCEPTED
    used_until: Stamp | None = None
    ended_at: Stamp | None = None
    released: bool = False
    checkpoint_declared: int = 0
    checkpoint_settled: int = 0
    outputs: Outputs = Outputs.PENDING
    free_at_ns: int | None = None

    @classmethod
    def begin(cls, assignment: Assignment, boot_id: str, port: int) -> Self:
        """The first notes on a rank that is accepted."""
        entry = base64.b64encode(assignment.entry().SerializeToString()).decode()
        return cls(entry, boot_id, assignment.start_by_ns, port)

    def assignment(self) -> Assignment:
        """The offer that was accepted."""
        return assignment_of(base64.b64decode(self.entry), self.start_by_ns)

    @property
    def delivered(self) -> bool:
        """Whether its GPUs are free and its files settled. Its log and records are another question."""
        files = self.outputs is Outputs.SETTLED and self.checkpoint_settled >= self.checkpoint_declared
        return self.released and files

    def to_json(self) -> str:
        """The notes as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The notes that `text` holds."""
        fields = json.loads(text)
        fields |= {name: stamp_of(fields[name]) for name in ("used_until", "ended_at")}
        return cls(**{**fields, "told": Told(fields["told"]), "outputs": Outputs(fields["outputs"])})


def assignment_of(entry: bytes, start_by_ns: int) -> Assignment:
    """The assignment in the serialised DesiredRank that this agent wrote."""
    message = DesiredRank.FromString(entry)
    return Assignment(key_of(message.id), Fence.of(message.fencing), message.offer, start_by_ns)
