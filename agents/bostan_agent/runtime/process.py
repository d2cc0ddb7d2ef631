"""Ranks as plain processes of the node, each under a shim of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bostan_agent.runtime import folders
from bostan_agent.runtime.errors import LauncherFailed, RankExists, RankUnknown, StillRunning, TooManyRanks
from bostan_agent.runtime.launcher import Launcher
from bostan_agent.runtime.port import (
    EndedRank,
    FoundRank,
    Isolation,
    LivingRank,
    RankEvent,
    RankHandle,
    RankStatus,
)
from bostan_agent.runtime.shim_link import ShimLink
from bostan_agent.runtime.watch import Patience, Watch, status_of
from bostan_agent.shim.spec import RankKey, RankSpec

_CLOSE_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """Where ranks live and how much of them there may be.

    ranks_dir: the folder of the ranks' folders; made if missing.
    ranks_max: ranks that may be there at once, ended ones that are not forgotten included.
    events_max: events that wait for the agent; a full queue makes shims wait, it loses nothing.
    reply_seconds_max: how long a shim may take to answer.
    sweep_seconds_max: how long to kill what is left of a rank whose shim died, before trying again.
    reconnect_seconds, reconnect_seconds_max: first and longest wait before a shim is called again.
    rest_after_seconds: how long the process that makes shims stays when none is asked of it.
    """

    ranks_dir: Path
    ranks_max: int = 1024
    events_max: int = 1024
    reply_seconds_max: float = 10.0
    sweep_seconds_max: float = 10.0
    reconnect_seconds: float = 0.05
    reconnect_seconds_max: float = 5.0
    rest_after_seconds: float = 300.0


class ProcessRuntime:
    """The runtime `process`: needs nothing but Linux. See `port.Runtime` for what each method promises."""

    def __init__(self, settings: ProcessSettings) -> None:
        settings.ranks_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._settings = settings
        self._launcher = Launcher(settings.rest_after_seconds)
        self._events: asyncio.Queue[RankEvent] = asyncio.Queue(settings.events_max)
        self._watches: dict[RankKey, Watch] = {}
        self._tasks: dict[RankKey, asyncio.Task[None]] = {}

    def isolation(self) -> Isolation:
        """A convention of CUDA's: the rank is told its GPUs, nothing keeps it from the others."""
        return Isolation.ENV

    def warm(self) -> None:
        """Make ready to launch. What cannot be made ready now fails when it is needed, with its reason."""
        with contextlib.suppress(LauncherFailed):
            self._launcher.warm()

    async def start(self, spec: RankSpec) -> RankHandle:
        """Launch a rank."""
        if spec.key in self._watches:
            raise RankExists(f"rank {spec.key.folder_name} was started here before; forget it first")
        if len(self._watches) >= self._settings.ranks_max:
            raise TooManyRanks(
                f"{self._settings.ranks_max} ranks are here already, as many as the settings allow"
            )
        handle = RankHandle(spec.key, folders.create(self._settings.ranks_dir, spec))
        launch = functools.partial(self._launch, handle.folder)
        watch = Watch(handle, self._events.put, launch, self._patience)
        self._watches[handle.key] = watch
        try:
            self._follow(watch, await launch())
        except LauncherFailed:
            del self._watches[handle.key]
            folders.delete(handle.folder)
            raise
        return handle

    async def adopt(self) -> list[FoundRank]:
        """Find the ranks in the folder; those whose shim died are swept and put on record first."""
        found = [await self._find(key, folder) for key, folder in folders.scan(self._settings.ranks_dir)]
        for rank in found:
            watch = Watch(rank.handle, self._events.put, None, self._patience)
            self._watches[rank.handle.key] = watch
            if isinstance(rank, EndedRank):
                watch.exit = rank.exit
            else:
                self._follow(watch, None)
        return found

    async def next_event(self) -> RankEvent:
        """The next event of any rank."""
        return await self._events.get()

    async def stop(self, handle: RankHandle, *, checkpoint: bool, grace_seconds: float) -> None:
        """Begin to stop a rank."""
        request = {"do": "stop", "checkpoint": checkpoint, "grace_seconds": grace_seconds}
        await self._known(handle).ask(request)

    async def renew(self, handle: RankHandle, deadline_boottime_ns: int) -> None:
        """Move the lease's deadline."""
        await self._known(handle).ask({"do": "renew", "deadline_boottime_ns": deadline_boottime_ns})

    async def status(self, handle: RankHandle) -> RankStatus:
        """How a living rank is now."""
        return status_of(await self._known(handle).ask({"do": "status"}))

    async def forget(self, handle: RankHandle) -> None:
        """Delete all that is kept of a rank that has ended."""
        if self._known(handle).exit is None:
            raise StillRunning(f"rank {handle.key.folder_name} has not ended")
        await asyncio.to_thread(folders.delete, handle.folder)
        self._watches.pop(handle.key, None)
        self._tasks.pop(handle.key, None)

    async def close(self) -> None:
        """Let go of all ranks and end the launcher."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.to_thread(self._launcher.close, _CLOSE_SECONDS_MAX)

    @property
    def _patience(self) -> Patience:
        settings = self._settings
        return Patience(
            settings.reply_seconds_max,
            settings.sweep_seconds_max,
            settings.reconnect_seconds,
            settings.reconnect_seconds_max,
        )

    async def _launch(self, folder: Path) -> ShimLink:
        ours, theirs = socket.socketpair()
        with theirs:
            await self._launcher.launch(folder, theirs)
        return await ShimLink.over(ours)

    def _follow(self, watch: Watch, link: ShimLink | None) -> None:
        key = watch.handle.key
        self._tasks[key] = asyncio.create_task(watch.run(link), name=f"watch {key.folder_name}")

    def _known(self, handle: RankHandle) -> Watch:
        if handle.key not in self._watches:
            raise RankUnknown(f"rank {handle.key.folder_name} was neither started nor found here")
        return self._watches[handle.key]

    async def _find(self, key: RankKey, folder: Path) -> FoundRank:
        handle, spec = RankHandle(key, folder), folders.spec_of(folder)
        ended = await asyncio.to_thread(folders.settle, key, folder, self._settings.sweep_seconds_max)
        if ended is not None:
            return EndedRank(handle, ended, spec)
        assert spec is not None, "a living shim has read its spec"
        return LivingRank(handle, spec)


if TYPE_CHECKING:
    from bostan_agent.runtime.port import Runtime

    _keeps_the_port: type[Runtime] = ProcessRuntime
