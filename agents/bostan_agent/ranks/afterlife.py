"""What follows a rank's exit: its GPUs become free, its log, checkpoint and outputs are sent, it is forgotten."""

import asyncio
import shutil
from collections.abc import Callable

import structlog
from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Released

from bostan_agent.files.pack import holds_anything
from bostan_agent.journal import Write
from bostan_agent.ranks.means import Means
from bostan_agent.ranks.notes import Outputs, Told, forgotten
from bostan_agent.ranks.rank import Rank, tell
from bostan_agent.ranks.release import until_free
from bostan_agent.ranks.values import Ended
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.records import SOCKET, ExitRecord

_log = structlog.get_logger()


class Afterlife:
    """What is done for ranks that ended, or whose files leave before they end."""

    def __init__(self, means: Means, gone: Callable[[Rank], None]) -> None:
        self._means = means
        self._gone = gone

    def begin(self, rank: Rank, end: ExitRecord, last_words: list[JournalRecord]) -> None:
        """Write down the end, and set about all that follows it."""
        free = not rank.assignment.gpu_uuids
        rank.phase = Ended(end.ended, released=free)
        words = [*last_words, rank.record(Released())] if free else last_words
        tell(
            self._means.journal,
            rank,
            *words,
            told=Told.ENDED,
            ended_at=end.ended,
            released=free,
            outputs=self.outputs_of(rank),
            checkpoint_declared=max(end.checkpoint_seq, rank.known_notes.checkpoint_declared),
        )
        self.go_on(rank, end.log_end_offset)

    def go_on(self, rank: Rank, log_bytes: int) -> None:
        """Do what is left to do for a rank whose end was written down."""
        notes = rank.known_notes
        if not rank.log_sent:
            self._means.logs.end(rank.key, log_bytes)
        if not notes.released:
            self._means.crew.spawn(self._release(rank))
        if notes.outputs is Outputs.PENDING:
            self._means.crew.spawn(self._bring_outputs(rank))
        if notes.checkpoint_declared > notes.checkpoint_settled:
            self.send_checkpoints(rank)
        self.forget_if_done(rank)

    def nothing_to_send(self, rank: Rank, *records: JournalRecord) -> None:
        """Write down the end of a rank that left nothing, and whose GPUs are free."""
        rank.log_sent = True
        tell(self._means.journal, rank, *records, told=Told.ENDED, released=True, outputs=Outputs.SETTLED)

    def follow_log(self, rank: Rank, *, fresh: bool) -> None:
        """Send its log from now on."""
        assert rank.handle is not None, "a rank that was started has a folder"
        self._means.logs.add(
            rank.key, rank.handle.folder, fresh=fresh, arrived=lambda: self._log_arrived(rank)
        )

    def send_checkpoints(self, rank: Rank) -> None:
        """See to it that the newest checkpoint reaches the centre."""
        rank.checkpoint_news.set()
        if rank.courier is None:
            outgoing = self._means.places(rank.key).outgoing
            work = self._means.courier.bring_checkpoints(rank, outgoing, self.forget_if_done)
            rank.courier = self._means.crew.spawn(work)

    def forget_if_done(self, rank: Rank) -> None:
        """Forget a rank of which the centre has everything and has said so."""
        if not isinstance(rank.phase, Ended) or rank.unwritten or rank.forgetting:
            return
        acknowledged = rank.last_seq <= self._means.journal.acked_seq
        if acknowledged and rank.known_notes.delivered and rank.log_sent:
            rank.forgetting = True
            self._means.crew.spawn(self._forget(rank))

    async def clear_places(self, rank: Rank) -> None:
        """Delete the folders of its files."""
        await asyncio.to_thread(shutil.rmtree, self._means.places(rank.key).root, ignore_errors=True)

    def outputs_of(self, rank: Rank) -> Outputs:
        """Whether a rank that has just ended left anything to send."""
        pending = holds_anything(self._means.places(rank.key).output)
        return Outputs.PENDING if pending else Outputs.SETTLED

    async def _release(self, rank: Rank) -> None:
        means, notes = self._means, rank.known_notes
        if notes.free_at_ns is not None:
            await asyncio.sleep(max(0, notes.free_at_ns - boottime_ns()) / NS)
        socket = means.rank_folder(rank.key) / SOCKET
        quick_seconds = means.settings.release_seconds
        await until_free(means.devices, rank.assignment.gpu_uuids, socket, quick_seconds)
        assert isinstance(rank.phase, Ended)
        rank.phase = Ended(rank.phase.at, released=True)
        tell(means.journal, rank, rank.record(Released()), released=True)

    async def _bring_outputs(self, rank: Rank) -> None:
        places = self._means.places(rank.key)
        await self._means.courier.bring_outputs(rank, places.output, places.outgoing)
        self.forget_if_done(rank)

    def _log_arrived(self, rank: Rank) -> None:
        rank.log_sent = True
        self.forget_if_done(rank)

    async def _forget(self, rank: Rank) -> None:
        if rank.courier is not None:
            rank.courier.cancel()
        if rank.handle is not None:
            await self._means.runtime.forget(rank.handle)
        await self.clear_places(rank)
        key = rank.key.folder_name
        self._means.journal.commit_lazily(Write(notes=forgotten(key), ended=(key,)))
        _log.debug("rank forgotten", rank=key)
        self._gone(rank)
