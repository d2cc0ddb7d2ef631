"""Following one rank from launch or adoption to its exit record, over lost connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bostan_agent.runtime import folders
from bostan_agent.runtime.errors import ShimUnreachable, SweepIncomplete
from bostan_agent.runtime.port import (
    CheckpointDeclared,
    Exited,
    FirstOutput,
    RankEvent,
    RankHandle,
    RankStatus,
    Started,
    Stopping,
)
from bostan_agent.runtime.shim_link import Record, ShimLink
from bostan_agent.shim.clock import Stamp, stamp_of
from bostan_agent.shim.fields import optional, required
from bostan_agent.shim.records import Cause, CheckpointRecord, ExitRecord, State

_log = logging.getLogger(__name__)

Emit = Callable[[RankEvent], Awaitable[None]]
Relaunch = Callable[[], Awaitable[ShimLink]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the agent waits for shims, in seconds."""

    reply_seconds_max: float
    sweep_seconds_max: float
    reconnect_seconds: float
    reconnect_seconds_max: float


@dataclass(slots=True)
class _Told:
    """What was emitted, so that nothing old is told anew by this agent."""

    started: bool = False
    first_output: bool = False
    checkpoint_seq: int = 0


class Watch:
    """One rank's connection, and what has been told of it so far."""

    def __init__(self, handle: RankHandle, emit: Emit, relaunch: Relaunch | None, patience: Patience) -> None:
        self.handle = handle
        self.exit: ExitRecord | None = None
        self._emit = emit
        self._relaunch = relaunch
        self._patience = patience
        self._link: ShimLink | None = None
        self._linked = asyncio.Event()
        self._told = _Told()

    async def run(self, link: ShimLink | None) -> None:
        """Follow the rank to its end; without a `link`, or when it breaks, connect to its socket."""
        wait = self._patience.reconnect_seconds
        while self.exit is None:
            if link is not None:
                await self._follow(link)
                wait = self._patience.reconnect_seconds
            link = None if self.exit is not None else await self._settle_or_connect()
            if link is None and self.exit is None:
                await asyncio.sleep(wait)
                wait = min(2 * wait, self._patience.reconnect_seconds_max)

    async def ask(self, request: Record) -> Record:
        """The shim's answer, once there is a connection.

        Raises:
            ShimUnreachable: no answer came in time, or the rank has ended.
            ShimRefused: the shim said no.
        """
        try:
            async with asyncio.timeout(self._patience.reply_seconds_max):
                await self._linked.wait()
        except TimeoutError as exc:
            raise ShimUnreachable(f"the shim of rank {self._name} cannot be reached") from exc
        if self._link is None:
            raise ShimUnreachable(f"rank {self._name} has ended")
        return await self._link.ask(request, self._patience.reply_seconds_max)

    def close(self) -> None:
        """Let go of the shim."""
        if self._link is not None:
            self._link.close()

    @property
    def _name(self) -> str:
        return self.handle.key.folder_name

    async def _follow(self, link: ShimLink) -> None:
        self._link = link
        self._linked.set()
        try:
            async for record in link.events():
                await self._on_event(record)
        finally:
            link.close()
            self._link = None
            if self.exit is None:
                self._linked.clear()

    async def _settle_or_connect(self) -> ShimLink | None:
        """The end of the rank put on record, or another connection; None where neither can be had yet."""
        if self._never_came_up() and self._relaunch is not None:
            relaunch, self._relaunch = self._relaunch, None
            return await relaunch()
        try:
            ended = await asyncio.to_thread(
                folders.settle, self.handle.key, self.handle.folder, self._patience.sweep_seconds_max
            )
            if ended is None:
                state = folders.state_of(self.handle.folder)
                return await ShimLink.to(self.handle.folder, None if state is None else state.shim_pid)
            await self._end(ended)
        except (SweepIncomplete, ShimUnreachable, OSError) as exc:
            _log.warning("rank %s: %s", self._name, exc)
        return None

    def _never_came_up(self) -> bool:
        """Whether the request for a shim was lost with a dying launcher."""
        return not self._told.started and not folders.has_started(self.handle.folder)

    async def _on_event(self, record: Record) -> None:
        match record["event"]:
            case "started" | "state":
                await self._tell_state(record)
            case "first_output":
                await self._tell_first_output(Stamp.of(record))
            case "checkpoint":
                await self._tell_checkpoint(CheckpointRecord.of(record))
            case "stopping":
                await self._emit(Stopping(self.handle.key, Cause(required(record, "cause", str))))
            case "exited":
                await self._end(ExitRecord.of(record))
            case other:
                _log.info("rank %s: %s %s", self._name, other, record.get("message", ""))

    async def _tell_state(self, record: Record) -> None:
        """All that this agent has not been told yet, as it may have missed events."""
        status = status_of(record)
        if status.state is not None and not self._told.started:
            self._told.started = True
            await self._emit(Started(self.handle.key, status.state))
        if status.first_output is not None:
            await self._tell_first_output(status.first_output)
        if status.checkpoint_seq > self._told.checkpoint_seq:
            for checkpoint in folders.checkpoints(self.handle.folder):
                await self._tell_checkpoint(checkpoint)
        if status.cause is not None:
            await self._emit(Stopping(self.handle.key, status.cause))

    async def _tell_first_output(self, at: Stamp) -> None:
        if not self._told.first_output:
            self._told.first_output = True
            await self._emit(FirstOutput(self.handle.key, at))

    async def _tell_checkpoint(self, checkpoint: CheckpointRecord) -> None:
        if checkpoint.seq > self._told.checkpoint_seq:
            self._told.checkpoint_seq = checkpoint.seq
            await self._emit(CheckpointDeclared(self.handle.key, checkpoint))

    async def _end(self, record: ExitRecord) -> None:
        self.exit = record
        self._linked.set()
        await self._emit(Exited(self.handle.key, record))


def status_of(record: Record) -> RankStatus:
    """The status that a shim's `state` event or `status` reply holds."""
    state, cause = record.get("state"), optional(record, "cause", str)
    return RankStatus(
        phase=required(record, "phase", str),
        cause=None if cause is None else Cause(cause),
        deadline_boottime_ns=required(record, "deadline_boottime_ns", int),
        state=State.of(state) if isinstance(state, dict) else None,
        first_output=stamp_of(record.get("first_output")),
        checkpoint_seq=required(record, "checkpoint_seq", int),
        log_end_offset=required(record, "log_end_offset", int),
    )
