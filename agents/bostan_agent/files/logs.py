"""Pushes the logs of ranks, as they are written and in order, through one stream; resumes where the centre says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

import grpc.aio
import structlog
from bostan_protos.v1.agent_link_pb2 import LogStored

from bostan_agent.files.cursor import Cursor
from bostan_agent.files.errors import LineCut
from bostan_agent.files.watch import Watch
from bostan_agent.ranks.values import rank_id
from bostan_agent.shim.spec import RankKey
from bostan_agent.tasks import only_own_cancellation, until_one_fails

_RETRY_SECONDS = 1.0
_GATHER_SECONDS = 0.005
_log = structlog.get_logger()

Stream: TypeAlias = grpc.aio.StreamStreamCall


class LogLine(Protocol):
    """The line as logs see it."""

    up: asyncio.Event

    def push_log(self) -> Stream:
        """Open a stream. Raises LineCut."""
        ...


class LogPusher:
    """The logs of all ranks of this node."""

    def __init__(self, line: LogLine, chunk_bytes: int, window_bytes: int) -> None:
        self._line = line
        self._chunk_bytes = chunk_bytes
        self._window_bytes = window_bytes
        self._cursors: dict[RankKey, Cursor] = {}
        self._by_folder: dict[Path, RankKey] = {}
        self._keys: dict[tuple[str, int], RankKey] = {}
        self._arrived: dict[RankKey, Callable[[], None]] = {}
        self._dirty: dict[RankKey, None] = {}
        self._work = asyncio.Event()
        self._watch = Watch("log.", lambda folder: self.poke(self._by_folder[folder]))
        self._gathering: set[RankKey] = set()

    def add(self, key: RankKey, folder: Path, *, fresh: bool, arrived: Callable[[], None]) -> None:
        """Push the log in `folder` from now on. `fresh`: nothing of it was ever sent.

        `arrived` is called once, when the centre has all of a log whose end was told.
        """
        self._cursors[key] = Cursor(rank_id(key), folder, known=fresh)
        self._by_folder[folder] = key
        self._keys[key.attempt_id, key.rank] = key
        self._arrived[key] = arrived
        try:
            self._watch.add(folder)
        except OSError as exc:
            # Its first output and its end still poke it.
            _log.warning(
                "a log cannot be followed; raise fs.inotify.max_user_watches",
                folder=str(folder),
                why=str(exc),
            )
        self.poke(key)

    def poke(self, key: RankKey) -> None:
        """There may be more of a log than there was.

        Waits a moment: who writes line by line is not sent line by line, and a short job's end goes along.
        """
        if key in self._cursors and key not in self._gathering:
            self._gathering.add(key)
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered, key)

    def end(self, key: RankKey, length: int) -> None:
        """The log of `key` will not grow beyond `length` bytes."""
        self._cursors[key].end = length
        self._watch.remove(self._cursors[key].folder)
        self._poke(key)

    def remove(self, key: RankKey) -> None:
        """Forget a log. Idempotent."""
        cursor = self._cursors.pop(key, None)
        if cursor is not None:
            self._watch.remove(cursor.folder)
            del self._by_folder[cursor.folder], self._arrived[key], self._keys[key.attempt_id, key.rank]
            self._dirty.pop(key, None)

    async def run(self) -> None:
        """Push, over one stream after another, for ever."""
        while True:
            await self._line.up.wait()
            try:
                await self._over(self._line.push_log())
            except (LineCut, grpc.aio.AioRpcError, asyncio.InvalidStateError) as exc:
                _log.info("log stream broke", why=str(exc))
            await asyncio.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Watch nothing any more."""
        self._watch.close()

    async def _over(self, stream: Stream) -> None:
        for key, cursor in self._cursors.items():
            cursor.restart()
            self._poke(key)
        try:
            await until_one_fails(self._send(stream), self._receive(stream))
        finally:
            stream.cancel()

    def _gathered(self, key: RankKey) -> None:
        self._gathering.discard(key)
        if key in self._cursors:
            self._poke(key)

    def _poke(self, key: RankKey) -> None:
        self._dirty[key] = None
        self._work.set()

    async def _send(self, stream: Stream) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            for key in list(self._dirty):
                await self._send_some(stream, key)

    async def _send_some(self, stream: Stream, key: RankKey) -> None:
        """One chunk of one log, then the next log's turn; what has more to send stays in the list."""
        self._dirty.pop(key, None)
        cursor = self._cursors.get(key)
        if cursor is None or self._window_full(cursor):
            return  # an answer pokes it again
        chunk = cursor.next_chunk(self._chunk_bytes)
        if chunk is not None:
            with only_own_cancellation(LineCut("the session ended")):
                await stream.write(chunk)
            if len(chunk.data) == self._chunk_bytes or cursor.has_more:
                self._poke(key)

    async def _receive(self, stream: Stream) -> None:
        while True:
            with only_own_cancellation(LineCut("the session ended")):
                stored: LogStored | object = await stream.read()
            if not isinstance(stored, LogStored):
                raise LineCut("the centre ended the stream of logs")
            key = self._keys.get((stored.id.attempt_id, stored.id.rank))
            if key is not None:
                self._stored(key, stored.next_offset)

    def _stored(self, key: RankKey, next_offset: int) -> None:
        cursor = self._cursors[key]
        was_full = self._window_full(cursor)
        more = cursor.answered(next_offset)
        if cursor.arrived:
            arrived = self._arrived[key]
            self.remove(key)
            arrived()
        elif more or was_full:
            self._poke(key)

    def _window_full(self, cursor: Cursor) -> bool:
        return cursor.sent - cursor.kept >= self._window_bytes
