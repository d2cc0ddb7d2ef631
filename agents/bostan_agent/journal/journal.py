"""The journal as the rest of the agent sees it: commits are grouped, so that many ranks cost one fsync.

The loop's thread never waits for the disk: a single worker thread commits whatever has gathered since its
last commit. Acknowledged records leave with the next commit; to lose an acknowledgement only means a resend.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bostan_protos.v1.agent_link_pb2 import JournalRecord

from bostan_agent.journal import tables
from bostan_agent.journal.errors import JournalUnwritable
from bostan_agent.journal.values import Fence, Write

_T = TypeVar("_T")


class Journal:
    """One node's journal in one SQLite file.

    `changed` is set when records were added, for the one who sends them; `progress` also when some were
    acknowledged, for the one who forgets; `broken` when the disk refuses, with `failure`. Waiters clear.
    """

    def __init__(self, path: Path, records_max: int, ended_max: int = 10_000) -> None:
        """Open or make the journal at `path`.

        Raises:
            JournalDamaged: the file is something else.
        """
        self._writer = tables.connect(path)
        self._reader = tables.connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[tuple[Write, asyncio.Future[int]]] = []
        self._lazy: list[Write] = []
        self._flush: asyncio.Task[None] | None = None
        self._records_max = records_max
        self._ended_max = ended_max
        self._facts = tables.facts(self._reader)
        self._fences = tables.fences(self._reader)
        self._ended = dict.fromkeys(tables.ended(self._reader))
        self.last_seq = tables.last_seq(self._reader)
        self._count = tables.count(self._reader, 0)
        self.acked_seq = self.last_seq - self._count
        self.changed = asyncio.Event()
        self.progress = asyncio.Event()
        self.broken = asyncio.Event()
        self._closed = False
        self.failure: JournalUnwritable | None = None

    @property
    def journal_id(self) -> str:
        """Made with the file; another file is another journal."""
        return self._facts["journal_id"]

    @property
    def unacked(self) -> int:
        """How many records the centre has not acknowledged."""
        return self._count

    @property
    def full(self) -> bool:
        """Whether only transitions may still be added: no new offers, no segments, no findings."""
        return self._count >= self._records_max

    def fence(self, gpu_uuid: str) -> Fence | None:
        """The highest fencing number committed for a GPU."""
        return self._fences.get(gpu_uuid)

    def has_ended(self, rank: str) -> bool:
        """Whether `rank` was refused, given up or finished here before."""
        return rank in self._ended

    def fact(self, name: str) -> str | None:
        """A word about the node, as last committed."""
        return self._facts.get(name)

    def notes(self) -> dict[str, str]:
        """What was committed about each rank; read at start."""
        return tables.notes(self._reader)

    def records(self, after_seq: int, limit: int) -> list[JournalRecord]:
        """Unacknowledged records above `after_seq`, ascending, at most `limit`."""
        return list(tables.records(self._reader, max(after_seq, self.acked_seq), limit))

    def commit(self, write: Write) -> "asyncio.Future[int]":
        """Make `write` durable. In order of calls; awaiting is optional. The result is the last seq.

        Raises (when awaited):
            JournalUnwritable: the commit failed.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((write, done))
        self._flush_soon()
        return done

    def commit_lazily(self, write: Write) -> None:
        """Make `write` durable with the next commit. For what may be lost: it must be without records."""
        assert not write.records, "a record is not to be lost"
        self._lazy.append(write)
        self._ended.update(dict.fromkeys(write.ended))

    def ack(self, seq: int) -> None:
        """The centre has committed everything up to `seq`; lower than before is a no-op."""
        assert seq <= self.last_seq, "the caller renews the identity of a journal that lags behind"
        if seq > self.acked_seq:
            self._count -= seq - self.acked_seq
            self.acked_seq = seq
            self.progress.set()

    async def renew_identity(self) -> None:
        """Become another journal, as when this file was restored from an old copy. Keeps the records."""
        await self._settled()
        await self._in_thread(tables.renew_identity, self._writer, self.acked_seq)
        self._facts = tables.facts(self._reader)
        self.last_seq = tables.last_seq(self._reader)
        self.acked_seq = self.last_seq - self._count

    async def close(self) -> None:
        """Commit what waits and let go of the file. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self._settled()
        if self.failure is None:
            await self._in_thread(tables.write, self._writer, self._lazy, self.acked_seq, self._ended_max)
        self._thread.shutdown()
        self._writer.close()
        self._reader.close()

    async def _settled(self) -> None:
        while self._flush is not None:
            await asyncio.wait([self._flush])

    def _flush_soon(self) -> None:
        if self._flush is None:
            self._flush = asyncio.create_task(self._flush_all())

    async def _flush_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit_batch(batch)
        finally:
            self._flush = None

    async def _commit_batch(self, batch: list[tuple[Write, "asyncio.Future[int]"]]) -> None:
        lazy, self._lazy = self._lazy, []
        writes = lazy + [write for write, _ in batch]
        try:
            seqs = await self._in_thread(tables.write, self._writer, writes, self.acked_seq, self._ended_max)
        except sqlite3.Error as exc:
            self._fail(batch, JournalUnwritable(f"the journal cannot be written: {exc}"))
            return
        for (write, done), seq in zip(batch, seqs[len(lazy) :], strict=True):
            self._remember(write, seq)
            if not done.done():
                done.set_result(seq)
        self.changed.set()
        self.progress.set()

    def _fail(self, batch: list[tuple[Write, "asyncio.Future[int]"]], why: JournalUnwritable) -> None:
        self.failure = why
        self.broken.set()
        for _, done in batch:
            if not done.done():
                done.set_exception(why)
                done.exception()  # `broken` tells it to those who did not wait

    def _remember(self, write: Write, seq: int) -> None:
        self.last_seq = seq
        self._count += len(write.records)
        self._facts.update(write.facts)
        for gpu, fence in write.fences.items():
            self._fences[gpu] = max(fence, self._fences.get(gpu, fence))
        self._ended.update(dict.fromkeys(write.ended))
        # The table forgets by itself, with each commit.
        while len(self._ended) > self._ended_max:
            del self._ended[next(iter(self._ended))]

    async def _in_thread(self, function: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
