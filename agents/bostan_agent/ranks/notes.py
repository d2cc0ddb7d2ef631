"""What is remembered about a rank beside its folder, committed together with what is said of it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
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

    @property
    def delivered(self) -> bool:
        """Whether its GPUs are free and its files settled. Its log and records are another question."""
        files = self.outputs is Outputs.SETTLED and self.checkpoint_settled >= self.checkpoint_declared
        return self.released and files

    def to_json(self) -> str:
        """The notes as one JSON object."""
        # Field by field: `asdict` copies deeply, and this is written several times in the life of every rank.
        record = {name: getattr(self, name) for name in _NAMES}
        for name in _STAMPS:
            if record[name] is not None:
                record[name] = asdict(record[name])
        return json.dumps(record)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The notes that `text` holds."""
        record = json.loads(text)
        record |= {name: stamp_of(record[name]) for name in _STAMPS}
        return cls(**{**record, "told": Told(record["told"]), "outputs": Outputs(record["outputs"])})


_NAMES = tuple(field.name for field in fields(Notes))
_STAMPS = ("used_until", "ended_at")
_OFFER = "/offer"


def offer_note(assignment: Assignment) -> dict[str, str]:
    """The note that keeps an accepted offer; written once, beside the rank's notes that change."""
    text = base64.b64encode(assignment.entry().SerializeToString()).decode()
    return {assignment.key.folder_name + _OFFER: text}


def forgotten(key: str) -> dict[str, None]:
    """The write that forgets all notes on a rank."""
    return {key: None, key + _OFFER: None}


def noted_ranks(notes: Mapping[str, str]) -> list[tuple[Assignment, Notes]]:
    """The ranks in a journal's notes. An offer and its notes are committed together: neither is there alone."""
    found = []
    for name, text in notes.items():
        if not name.endswith(_OFFER):
            known = Notes.from_json(text)
            entry = base64.b64decode(notes[name + _OFFER])
            found.append((assignment_of(entry, known.start_by_ns), known))
    return found


def assignment_of(entry: bytes, start_by_ns: int) -> Assignment:
    """The assignment in the serialised DesiredRank that this agent wrote."""
    message = DesiredRank.FromString(entry)
    return Assignment(key_of(message.id), Fence.of(message.fencing), message.offer, start_by_ns)
