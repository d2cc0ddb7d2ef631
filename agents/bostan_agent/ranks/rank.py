"""A rank on this node, as it is right now, and how what happens to it is written down."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import ActualRank, RankState
from google.protobuf.message import Message

from bostan_agent.journal import Journal, Write
from bostan_agent.ranks import reports
from bostan_agent.ranks.decide import Local
from bostan_agent.ranks.notes import Notes
from bostan_agent.ranks.values import Accepted, Assignment, Ended, Phase, Running, Staging, rank_id
from bostan_agent.runtime.port import RankHandle
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.spec import RankKey


@dataclass(eq=False, slots=True)
class Rank:
    """One rank. `notes` is None until it is accepted.

    `port` is held for it, `course` is what goes on for it until it runs, `lapse` ends that. `unwritten` counts
    commits under way and `last_seq` is its last record: once that is acknowledged, so are all.
    """

    assignment: Assignment
    phase: Phase
    notes: Notes | None = None
    handle: RankHandle | None = None
    port: int | None = None
    course: "asyncio.Task[Any] | None" = None
    lapse: asyncio.TimerHandle | None = None
    unwritten: int = 0
    last_seq: int = 0
    log_sent: bool = False
    forgetting: bool = False
    first_output: Stamp | None = None
    checkpoint_news: asyncio.Event = field(default_factory=asyncio.Event)
    courier: "asyncio.Task[Any] | None" = None

    @property
    def key(self) -> RankKey:
        """Which rank it is."""
        return self.assignment.key

    @property
    def known_notes(self) -> Notes:
        """The notes of a rank that was accepted."""
        assert self.notes is not None, "a rank that runs was accepted"
        return self.notes

    def local(self) -> Local:
        """The rank as decisions see it."""
        return Local(self.assignment.fence, self.phase)

    def actual(self) -> ActualRank:
        """The rank as the centre is told of it."""
        return ActualRank(
            id=rank_id(self.key),
            fencing=self.assignment.fence.message(),
            state=_state(self.phase),
            gpu_uuids=self.assignment.gpu_uuids,
        )

    def record(self, body: Message, at: Stamp | None = None) -> JournalRecord:
        """A journal record that `body` happened to it."""
        return reports.record(self.key, self.assignment.fence, body, at)

    def holds_gpus(self) -> bool:
        """Whether nothing else may run on its GPUs."""
        return not (isinstance(self.phase, Ended) and self.phase.released)


def tell(journal: Journal, rank: Rank, *records: JournalRecord, **changes: Any) -> "asyncio.Future[int]":
    """Write down what happened to `rank`, and how its notes change with it, in one commit. In order of calls."""
    rank.notes = replace(rank.known_notes, **changes)
    return write_of(journal, rank, Write(records, notes={rank.key.folder_name: rank.notes.to_json()}))


def write_of(journal: Journal, rank: Rank, write: Write) -> "asyncio.Future[int]":
    """Commit `write`, which is about `rank`, and remember up to where it must be acknowledged."""
    rank.unwritten += 1
    done = journal.commit(write)
    done.add_done_callback(lambda over: _written(rank, over))
    return done


def _written(rank: Rank, done: "asyncio.Future[int]") -> None:
    # A commit that failed leaves it unwritten for ever: the rank is not forgotten, and the agent ends.
    if not done.cancelled() and done.exception() is None:
        rank.unwritten -= 1
        rank.last_seq = done.result()


def _state(phase: Phase) -> RankState.ValueType:
    match phase:
        case Staging():
            return RankState.RANK_STATE_STAGING
        case Accepted():
            return RankState.RANK_STATE_ACCEPTED
        case Running(stopping=False):
            return RankState.RANK_STATE_RUNNING
        case Running():
            return RankState.RANK_STATE_STOPPING
        case Ended():
            return RankState.RANK_STATE_EXITED
