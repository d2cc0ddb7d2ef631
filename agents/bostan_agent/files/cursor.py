"""How far one rank's log has got on its way to the centre: which bytes are next, and when all have arrived."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from bostan_protos.v1.agent_link_pb2 import LogChunk
from bostan_protos.v1.rank_pb2 import RankId

from bostan_agent.shim.log import read_log

GAPS_REFUSED_MAX = 5


@dataclass(slots=True)
class Cursor:
    """The way of one log.

    `sent` is the offset after the last byte sent in this stream, `kept` what the centre has as far as it said.
    `known` is False until the centre has said where to go on. `end` is the log's length once it is final.
    `gaps_refused` counts how often the centre asked in a row for bytes that this node does not have any more.
    Each chunk has one answer, in order: `unanswered` are on their way, of which the first `stale` belong to chunks
    that were sent before we went back, and say nothing new.
    """

    rank: RankId
    folder: Path
    known: bool
    sent: int = 0
    kept: int = 0
    end: int | None = None
    end_sent: bool = False
    asked: bool = False
    gaps_refused: int = 0
    unanswered: int = 0
    stale: int = 0
    under_way: deque[tuple[int, int]] = field(default_factory=deque)

    def restart(self) -> None:
        """A new stream: go on from what the centre is known to have."""
        self.sent = self.kept
        self.gaps_refused = self.unanswered = self.stale = 0
        self.end_sent = self.asked = False
        self.under_way.clear()

    @property
    def arrived(self) -> bool:
        """Whether the centre has all of it and knows that it is all, or never will."""
        if self.gaps_refused > GAPS_REFUSED_MAX:
            return self.end is not None
        return self.end is not None and self.end_sent and self.kept >= self.end

    def next_chunk(self, bytes_max: int) -> LogChunk | None:
        """What to send now, at most `bytes_max` of data, or None."""
        chunk = self._next_chunk(bytes_max)
        self.unanswered += chunk is not None
        return chunk

    def _next_chunk(self, bytes_max: int) -> LogChunk | None:
        if self.gaps_refused > GAPS_REFUSED_MAX:
            return None
        if not self.known:
            return self._question()
        if self.end is None or self.sent < self.end:
            found = read_log(self.folder, self.sent, bytes_max)
            if found.data:
                return self._data(found.offset, found.data)
        # Alone, after all else has arrived: so an answer to it can be told from one to the data before it.
        if self.end is not None and not self.end_sent and not self.under_way:
            self.end_sent, self.sent = True, max(self.sent, self.end)
            return LogChunk(id=self.rank, offset=self.sent, end=True)
        return None

    @property
    def has_more(self) -> bool:
        """Whether another file of the log begins right after what was sent, so that there is more to read."""
        return self.known and (self.folder / f"log.{self.sent:020d}").exists()

    def answered(self, next_offset: int) -> bool:
        """The centre has everything before `next_offset`. Returns whether that may allow to send more."""
        self.unanswered -= 1
        if self.stale:
            self.stale -= 1
            return False
        before = (self.known, self.sent)
        if not self.known:
            self.known, self.sent = True, next_offset
        if next_offset > self.kept:
            self.gaps_refused = 0
        self.kept = next_offset
        while self.under_way and self.under_way[0][1] <= next_offset:
            self.under_way.popleft()
        if self.under_way and next_offset < self.under_way[0][0]:
            self._rewind(next_offset)
        return before != (self.known, self.sent) or (self.end is not None and not self.end_sent)

    def _question(self) -> LogChunk | None:
        if self.asked:
            return None
        self.asked = True
        return LogChunk(id=self.rank, offset=0)

    def _data(self, offset: int, data: bytes) -> LogChunk:
        self.sent = offset + len(data)
        self.under_way.append((offset, self.sent))
        self.end_sent = self.end is not None and self.sent >= self.end
        return LogChunk(id=self.rank, offset=offset, data=data, end=self.end_sent)

    def _rewind(self, offset: int) -> None:
        """The centre lacks bytes before those under way: it lost them."""
        self.gaps_refused += 1
        self.sent = offset
        self.end_sent = False
        self.under_way.clear()
        self.stale = self.unanswered
