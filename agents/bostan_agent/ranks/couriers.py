"""Brings a rank's checkpoints and outputs to the centre, however long the line is down."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from bostan_protos.v1.rank_pb2 import Blob, CheckpointLost, CheckpointStored, OutputLost, OutputStored

from bostan_agent.files.blobs import BlobLine, push
from bostan_agent.files.errors import FilesError, LineCut, NotPacked
from bostan_agent.files.pack import Packed, pack
from bostan_agent.files.unpack import Bounds
from bostan_agent.journal import Journal
from bostan_agent.ranks.notes import Outputs
from bostan_agent.ranks.rank import Rank, tell
from bostan_agent.ranks.values import rank_id
from bostan_agent.runtime import folders, kept
from bostan_agent.shim.records import CheckpointRecord

_RETRY_SECONDS_FIRST = 0.1
_NAMES_MAX = 5
_log = structlog.get_logger()


class CourierLine(BlobLine, Protocol):
    """The line as couriers see it: the calls about blobs, and whether it is up."""

    up: asyncio.Event


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends archives; `slots` bounds how many are under way at one time on this node."""

    line: CourierLine
    journal: Journal
    slots: asyncio.Semaphore
    chunk_bytes: int
    retry_seconds_max: float
    checkpoint_bounds: Bounds
    output_bounds: Bounds

    async def bring_checkpoints(self, rank: Rank, outgoing: Path, settled: Callable[[Rank], None]) -> None:
        """Bring the newest declared checkpoint, then the newest after that, for as long as the rank is known."""
        while True:
            rank.checkpoint_news.clear()
            newest = _newest(rank)
            if newest is not None and newest.seq > rank.known_notes.checkpoint_settled:
                await self._bring_checkpoint(rank, newest, outgoing)
                settled(rank)
            else:
                await rank.checkpoint_news.wait()

    async def bring_outputs(self, rank: Rank, output: Path, outgoing: Path) -> None:
        """Bring what the rank left in its output folder."""
        try:
            packed = await self._send(rank, output, outgoing / "output.tar.gz", self.output_bounds)
        except FilesError as exc:
            _log.error("outputs cannot be sent", rank=rank.key.folder_name, why=str(exc))
            tell(self.journal, rank, rank.record(OutputLost(detail=str(exc))), outputs=Outputs.SETTLED)
            return
        stored = OutputStored(blob=_blob(packed), left_out=_some(packed.left_out))
        tell(self.journal, rank, rank.record(stored), outputs=Outputs.SETTLED)

    async def _bring_checkpoint(self, rank: Rank, checkpoint: CheckpointRecord, outgoing: Path) -> None:
        assert rank.handle is not None, "only a rank with a folder declares checkpoints"
        folder, number = rank.handle.folder, checkpoint.seq
        step = -1 if checkpoint.step is None else checkpoint.step
        try:
            copy = kept.pin(folder, number)
            if copy is None:
                raise NotPacked("its copy is gone")
            packed = await self._send(
                rank, copy, outgoing / f"checkpoint-{number}.tar.gz", self.checkpoint_bounds
            )
        except FilesError as exc:
            kept.release(folder, number)
            _log.error("checkpoint cannot be sent", rank=rank.key.folder_name, number=number, why=str(exc))
            body = CheckpointLost(number=number, detail=str(exc))
            tell(self.journal, rank, rank.record(body), checkpoint_settled=number)
            return
        body_stored = CheckpointStored(number=number, step=step, blob=_blob(packed))
        tell(self.journal, rank, rank.record(body_stored), checkpoint_settled=number)
        await asyncio.to_thread(kept.drop, folder, number)

    async def _send(self, rank: Rank, folder: Path, archive: Path, bounds: Bounds) -> Packed:
        """Pack and push. Raises FilesError, but LineCut: that is waited out."""
        async with self.slots:
            await asyncio.to_thread(archive.parent.mkdir, exist_ok=True)
            packed = await asyncio.to_thread(pack, folder, archive, bounds)
            try:
                await self._push(rank, packed)
            finally:
                await asyncio.to_thread(archive.unlink, missing_ok=True)
            return packed

    async def _push(self, rank: Rank, packed: Packed) -> None:
        wait_seconds = _RETRY_SECONDS_FIRST
        while True:
            await self.line.up.wait()
            try:
                await push(self.line, packed.path, _blob(packed), rank_id(rank.key), self.chunk_bytes)
                return
            except LineCut as exc:
                _log.info("transfer waits for the line", rank=rank.key.folder_name, why=str(exc))
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1.0))  # noqa: S311
            wait_seconds = min(2 * wait_seconds, self.retry_seconds_max)


def _newest(rank: Rank) -> CheckpointRecord | None:
    declared = [] if rank.handle is None else folders.checkpoints(rank.handle.folder)
    return declared[-1] if declared else None


def _some(names: tuple[str, ...]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else ""
    return ", ".join(names[:_NAMES_MAX]) + more


def _blob(packed: Packed) -> Blob:
    return Blob(sha256=packed.sha256, size_bytes=packed.size_bytes)
