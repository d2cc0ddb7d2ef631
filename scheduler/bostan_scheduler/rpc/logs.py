"""A stream of log bytes from an agent: each chunk is kept at its offset, and the answer says how far the log is kept."""

from dataclasses import dataclass, field

from bostan_protos.v1.agent_link_pb2 import LogChunk, LogStored

from bostan_scheduler.files.errors import LogGap
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.rpc.errors import TooMuch
from bostan_scheduler.rpc.gate import Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.ownership import Ownership
from bostan_scheduler.rpc.stream import Stream
from bostan_scheduler.rpc.translate.checks import INT64_MAX, number
from bostan_scheduler.rpc.translate.ranks import rank_id

RankKey = tuple[str, int]


@dataclass(slots=True)
class LogIntake:
    """The logs that one agent's stream brings.

    `refused` is, of each log whose bytes came too late in it, where the bytes sent last ended. What goes on there was
    under way already; what begins anew is all that the node still has, and the gap stays.
    """

    guest: Guest
    book: LogBook
    ownership: Ownership
    limits: LinkLimits
    notices: Notices
    refused: dict[RankKey, int] = field(default_factory=dict)

    async def run(self, stream: Stream[LogChunk, LogStored]) -> None:
        """Until the agent ends the stream. Raises NotAllowed, NotUnderstood, TooMuch."""
        async for chunk in stream.messages():
            await stream.write(LogStored(id=chunk.id, next_offset=await self._take(chunk)))

    async def _take(self, chunk: LogChunk) -> int:
        """Keep a chunk; the offset up to which the log is kept."""
        key = rank_id(chunk.id, "log.id")
        number(chunk.offset, 0, INT64_MAX - len(chunk.data), "log.offset")
        if len(chunk.data) > self.limits.log_chunk_bytes_max:
            raise TooMuch(f"a chunk of a log may have {self.limits.log_chunk_bytes_max} bytes")
        if not await self.ownership.is_given(self.guest, *key):
            # Said to be kept, or the agent would try for ever and hold up its other logs.
            self.notices.warn("log of an unknown attempt dropped", self.guest.name, attempt=key[0])
            return chunk.offset + len(chunk.data)
        return self._keep(key, chunk)

    def _keep(self, key: RankKey, chunk: LogChunk) -> int:
        try:
            kept = self.book.append(
                *key, chunk.offset, chunk.data, skip_gap=self._is_all_there_is(key, chunk)
            )
        except LogGap as gap:
            self.refused[key] = chunk.offset + len(chunk.data)
            return gap.next_offset
        self.refused.pop(key, None)
        if not chunk.end:
            return kept
        self.book.end(*key)
        # The end alone, beyond what is kept: the node has lost the bytes before it.
        return max(kept, chunk.offset)

    def _is_all_there_is(self, key: RankKey, chunk: LogChunk) -> bool:
        alone = chunk.end and not chunk.data
        return alone or (key in self.refused and chunk.offset != self.refused[key])
