"""Brings a rank's files to this node: its work directory and the checkpoint that it resumes from."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog
from bostan_protos.v1.rank_pb2 import Blob, Offer

from bostan_agent.files.blobs import BlobCache
from bostan_agent.files.errors import FilesError, LineCut, NoSpace
from bostan_agent.files.unpack import Bounds, unpack

_RETRY_SECONDS_FIRST = 0.05
_RETRY_SECONDS_MAX = 5.0
_log = structlog.get_logger()


class StageFailed(Exception):
    """A rank's files cannot be had; `reason` is a word of the protocol's list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Places:
    """A rank's own folders. `offer` holds what was asked for, for an agent that finds no journal."""

    root: Path

    @property
    def offer(self) -> Path:
        """The offer, as the protocol's DesiredRank."""
        return self.root / "offer"

    @property
    def work(self) -> Path:
        """Where the command runs."""
        return self.root / "work"

    @property
    def checkpoint(self) -> Path:
        """BOSTAN_CHECKPOINT_DIR."""
        return self.root / "checkpoint"

    @property
    def output(self) -> Path:
        """BOSTAN_OUTPUT_DIR."""
        return self.root / "output"

    @property
    def outgoing(self) -> Path:
        """Archives on their way to the centre."""
        return self.root / "outgoing"

    def make(self) -> None:
        """Make the folders anew, empty."""
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir(parents=True)
        for folder in (self.work, self.checkpoint, self.output):
            folder.mkdir()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a rank's folders belong to."""

    uid: int
    gid: int


class Stager:
    """Stages files from the cache of blobs."""

    def __init__(self, cache: BlobCache, bounds: Bounds, owner: Owner | None) -> None:
        self._cache = cache
        self._bounds = bounds
        self._owner = owner

    async def stage(self, offer: Offer, places: Places) -> None:
        """Fill the rank's folders; waits out a broken line.

        Raises:
            StageFailed: the files cannot be had.
        """
        try:
            if offer.HasField("work_dir"):
                await self._stage_one(offer.work_dir, places.work)
            if offer.HasField("checkpoint"):
                await self._stage_one(offer.checkpoint, places.checkpoint)
            if self._owner is not None:
                await asyncio.to_thread(_give, places, self._owner)
        except NoSpace as exc:
            raise StageFailed("no-space", str(exc)) from exc
        except FilesError as exc:
            raise StageFailed("stage-failed", str(exc)) from exc

    async def _stage_one(self, blob: Blob, folder: Path) -> None:
        wait_seconds = _RETRY_SECONDS_FIRST
        while True:
            try:
                async with self._cache.held(blob) as archive:
                    await asyncio.to_thread(unpack, archive, folder, self._bounds)
                return
            except LineCut as exc:
                _log.info("staging waits for the line", sha256=blob.sha256, why=str(exc))
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, _RETRY_SECONDS_MAX)


def _give(places: Places, owner: Owner) -> None:
    """Make the rank's folders its user's. Blocking."""
    for root in (places.work, places.checkpoint, places.output):
        os.chown(root, owner.uid, owner.gid)
        for folder, folders, files in os.walk(root):
            for name in folders + files:
                os.chown(Path(folder) / name, owner.uid, owner.gid, follow_symlinks=False)
