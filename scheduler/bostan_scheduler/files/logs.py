"""The logs of ranks: appended at an offset by the agents' link, read by offset, followed as they grow."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bostan_scheduler.files.bells import Bells
from bostan_scheduler.files.disk import locked_folder, make_folder
from bostan_scheduler.files.errors import LogGap
from bostan_scheduler.files.names import rank_name
from bostan_scheduler.files.retention import sweep
from bostan_scheduler.files.segments import (
    drop_oldest,
    end_of,
    has_end,
    mark_end,
    read_from,
    segments,
    write_at,
)
from bostan_scheduler.files.settings import LogLimits


@dataclass(frozen=True, slots=True)
class LogRange:
    """Bytes of a log from `offset` on; that is later than asked for where older bytes are not kept.

    `complete` says that nothing will follow after `next_offset`.
    """

    offset: int
    data: bytes
    next_offset: int
    complete: bool


class LogBook:
    """The logs in a folder. Safe from several threads and processes.

    Appending is quick enough for an event loop. Bytes are not forced to the disk: they survive this process, and a
    power cut may take the last seconds, which the agent is then asked for again by the lower `next_offset`.
    """

    def __init__(self, root: Path, limits: LogLimits) -> None:
        self.limits = limits
        self._root = make_folder(root)
        self._bells = Bells()

    def append(self, attempt_id: str, rank: int, offset: int, data: bytes, *, skip_gap: bool = False) -> int:
        """Keep bytes that begin at `offset`; the offset up to which the log is kept then.

        What is kept already is passed over. Bytes that begin later are refused with LogGap: the sender goes back.
        When it cannot, because the node has dropped them, `skip_gap` leaves them out for good. After its end a
        log takes nothing more. Raises BadName, LogGap.
        """
        folder = make_folder(self._root / rank_name(attempt_id, rank))
        with locked_folder(folder):
            found = segments(folder)
            kept = end_of(found)
            if has_end(folder):
                return kept
            if offset > kept and not skip_gap:
                raise LogGap(kept)
            at = max(kept, offset)
            fresh = data[at - offset :]
            if fresh and write_at(folder, found, at, fresh, self.limits.segment_bytes):
                drop_oldest(segments(folder), self.limits.rank_bytes_max)
        if fresh:
            self._bells.ring((attempt_id, rank))
            return at + len(fresh)
        return kept

    def end(self, attempt_id: str, rank: int) -> None:
        """Nothing will follow in this log. Idempotent. Raises BadName."""
        folder = make_folder(self._root / rank_name(attempt_id, rank))
        with locked_folder(folder):
            mark_end(folder)
        self._bells.ring((attempt_id, rank))

    def next_offset(self, attempt_id: str, rank: int) -> int:
        """Up to where the log is kept. Raises BadName."""
        return end_of(segments(self._root / rank_name(attempt_id, rank)))

    def read(self, attempt_id: str, rank: int, offset: int, limit: int) -> LogRange:
        """At most `limit` bytes from `offset`, or from the next byte that is kept. Raises BadName."""
        folder = self._root / rank_name(attempt_id, rank)
        ended = has_end(folder)  # before the bytes: those written in between are then not missed
        found = segments(folder)
        end = end_of(found)
        first, data = read_from(found, min(offset, end), min(limit, self.limits.read_bytes_max))
        return LogRange(first, data, first + len(data), complete=ended and first + len(data) >= end)

    async def wait_for_more(self, attempt_id: str, rank: int, offset: int, timeout_seconds: float) -> bool:
        """Wait until the log goes beyond `offset` or has ended, at most so long; whether it does. Raises BadName."""
        folder = self._root / rank_name(attempt_id, rank)
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        with self._bells.waiting((attempt_id, rank)) as bell:
            while not (has_end(folder) or end_of(segments(folder)) > offset):
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return False
                await bell.heard_within(min(left, self.limits.poll_seconds))
        return True

    def sweep(self, now_seconds: float) -> int:
        """Remove logs past their time, then the longest untouched while all are too large; how many. Blocking."""
        return sweep(self._root, self.limits, now_seconds)
