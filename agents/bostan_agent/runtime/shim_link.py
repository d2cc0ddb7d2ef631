"""A connection to one shim: requests with their replies, and events as they come."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bostan_agent.runtime.errors import ShimRefused, ShimUnreachable
from bostan_agent.shim import files
from bostan_agent.shim.records import SOCKET

_LINE_BYTES_MAX = 1024 * 1024
_CREDENTIALS = struct.Struct("3i")

Record = dict[str, object]


class ShimLink:
    """Speaks to one shim. `events` must be iterated for replies to arrive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._awaited: dict[object, asyncio.Future[Record]] = {}

    @classmethod
    async def over(cls, connection: socket.socket) -> ShimLink:
        """A link over a socket that is connected already."""
        connection.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=_LINE_BYTES_MAX)
        return cls(reader, writer)

    @classmethod
    async def to(cls, folder: Path, shim_pid: int | None) -> ShimLink:
        """A link to the shim of `folder`, which must be the process `shim_pid` where that is known.

        Its first event is `state`.

        Raises:
            ShimUnreachable: nobody, or somebody else, listens there.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await _connect(connection, folder)
            _check_peer(connection, shim_pid)
        except OSError as exc:
            connection.close()
            raise ShimUnreachable(f"no shim listens in {folder}: {exc}") from exc
        except ShimUnreachable:
            connection.close()
            raise
        link = await cls.over(connection)
        link._writer.write(b'{"do": "watch"}\n')
        return link

    async def events(self) -> AsyncIterator[Record]:
        """Events until the shim is gone; replies are handed to whoever asked."""
        try:
            while line := await self._line():
                record = json.loads(line)
                if "event" in record:
                    yield record
                else:
                    self._hand_over(record)
        finally:
            self._fail_awaited()

    async def ask(self, request: Mapping[str, object], seconds_max: float) -> Record:
        """The shim's answer to `request`.

        Raises:
            ShimUnreachable: it did not answer within `seconds_max`.
            ShimRefused: it said no.
        """
        number = next(self._ids)
        awaited: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._awaited[number] = awaited
        try:
            self._writer.write(json.dumps({"id": number, **request}).encode() + b"\n")
            reply: Record = await asyncio.wait_for(awaited, seconds_max)
        except (TimeoutError, ConnectionError) as exc:
            raise ShimUnreachable(f"the shim did not answer within {seconds_max} s") from exc
        finally:
            self._awaited.pop(number, None)
        if reply.get("reply") != "ok":
            raise ShimRefused(str(reply.get("message")))
        return reply

    def close(self) -> None:
        """Let go of the shim."""
        self._writer.close()
        self._fail_awaited()

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except (ConnectionError, ValueError):  # ValueError: a line beyond any that a shim would send
            return b""

    def _hand_over(self, reply: Record) -> None:
        awaited = self._awaited.get(reply.get("id"))
        if awaited is not None and not awaited.done():
            awaited.set_result(reply)

    def _fail_awaited(self) -> None:
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(ConnectionResetError("the shim is gone"))


async def _connect(connection: socket.socket, folder: Path) -> None:
    opened = files.open_folder(folder)
    try:
        # Through the descriptor: a socket address holds 108 bytes, a folder's path may be longer.
        await asyncio.get_running_loop().sock_connect(connection, f"/proc/self/fd/{opened}/{SOCKET}")
    finally:
        os.close(opened)


def _check_peer(connection: socket.socket, shim_pid: int | None) -> None:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(raw)
    if uid != os.geteuid() or (shim_pid is not None and pid != shim_pid):
        raise ShimUnreachable(f"process {pid} of user {uid} listens there, not our shim {shim_pid}")
