"""Sends the journal: in order, in batches, never more than a window ahead of the centre's acknowledgements."""

import asyncio

from bostan_protos.v1.agent_link_pb2 import AgentMessage, JournalRecord, JournalRecords, Welcome

from bostan_agent.journal import Journal
from bostan_agent.link.outbox import Outbox
from bostan_agent.settings import Settings

_MESSAGE_BYTES = 1024 * 1024  # a batch stays well below what any centre takes


class Pump:
    """The journal's way into one session. A new session begins again at what is acknowledged."""

    def __init__(self, journal: Journal, outbox: Outbox, settings: Settings, welcome: Welcome) -> None:
        self._journal = journal
        self._outbox = outbox
        self._batch = settings.journal_batch_records
        self._window = settings.journal_window_records
        self._bytes_max = min(_MESSAGE_BYTES, welcome.message_bytes_max // 2 or _MESSAGE_BYTES)
        self._sent_seq = welcome.journal_acked_seq
        self._room = asyncio.Event()

    def acknowledged(self, seq: int) -> None:
        """The centre has committed all up to `seq`."""
        self._journal.ack(seq)
        self._room.set()

    async def run(self) -> None:
        """Send what there is, then what comes, for ever."""
        while True:
            self._journal.changed.clear()
            while self._sent_seq < self._journal.last_seq:
                await self._wait_for_room()
                await self._send_batch()
            await self._journal.changed.wait()

    async def _wait_for_room(self) -> None:
        while self._sent_seq - self._journal.acked_seq >= self._window:
            self._room.clear()
            await self._room.wait()

    async def _send_batch(self) -> None:
        room = self._window - (self._sent_seq - self._journal.acked_seq)
        records = self._fitting(self._journal.records(self._sent_seq, min(self._batch, room)))
        message = JournalRecords(journal_id=self._journal.journal_id, records=records)
        self._sent_seq = records[-1].seq
        await self._outbox.put(AgentMessage(journal=message))

    def _fitting(self, records: list[JournalRecord]) -> list[JournalRecord]:
        """As many as one message may hold, and at least one."""
        size = 0
        for index, record in enumerate(records):
            size += record.ByteSize()
            if size > self._bytes_max and index:
                return records[:index]
        return records
