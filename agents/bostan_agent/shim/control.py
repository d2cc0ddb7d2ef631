"""The shim's control socket: one JSON object a line, requests in, replies and events out.

Two kinds of peers: the agent (the shim's own user or root, and not a process of the rank) may do
everything; a process of the rank may only declare checkpoints and ask for the status, so that no job
renews its own lease.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bostan_agent.shim import processes
from bostan_agent.shim.loop import READ, WRITE, Loop
from bostan_agent.shim.records import SOCKET

CLIENTS_MAX = 32  # of each kind of peer: a job that hoards connections must not lock the agent out
REQUEST_BYTES_MAX = 16 * 1024
OUTBOX_BYTES_MAX = 128 * 1024
_CREDENTIALS = struct.Struct("3i")


@dataclass(eq=False, slots=True)
class Client:
    """One connection. `trusted`: speaks for the agent; `watching`: is sent every event."""

    socket: socket.socket
    trusted: bool
    watching: bool = False
    inbox: bytearray = field(default_factory=bytearray)
    outbox: bytearray = field(default_factory=bytearray)


Handle = Callable[[Client, dict[str, object]], None]


class Control:
    """Accepts clients, cuts their bytes into requests for `handle`, and sends what it is given."""

    def __init__(self, loop: Loop, handle: Handle, rank_uid: int | None) -> None:
        self._loop = loop
        self._handle = handle
        self._rank_uid = rank_uid
        self._clients: list[Client] = []
        self._listener: socket.socket | None = None

    def listen(self, folder: int) -> None:
        """Accept connections at `sock` in the rank's folder."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        # Through the descriptor: a socket address holds 108 bytes, a folder's path may be longer.
        listener.bind(f"/proc/self/fd/{folder}/{SOCKET}")
        mode = 0o600 if self._rank_uid is None else 0o666
        os.chmod(SOCKET, mode, dir_fd=folder)
        listener.listen(CLIENTS_MAX)
        self._listener = listener
        self._loop.watch(listener.fileno(), self._accept)

    def admit(self, connection: socket.socket, *, trusted: bool, watching: bool = False) -> Client:
        """Serve a connection that is already there."""
        connection.setblocking(False)
        client = Client(connection, trusted, watching)
        self._clients.append(client)
        self._loop.watch(connection.fileno(), lambda events: self._ready(client, events))
        return client

    def send(self, client: Client, record: Mapping[str, object]) -> None:
        """Queue `record` for `client` and send what fits; one who does not read is cut off."""
        client.outbox += json.dumps(record).encode() + b"\n"
        self._flush(client)

    def announce(self, record: Mapping[str, object]) -> None:
        """Send `record` to every watching client."""
        for client in [client for client in self._clients if client.watching]:
            self.send(client, record)

    def _accept(self, _events: int) -> None:
        assert self._listener is not None
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = self._listener.accept()
            trusted = self._trusts(connection)
            alike = sum(client.trusted is trusted for client in self._clients)
            if trusted is None or alike >= CLIENTS_MAX:
                connection.close()
                return
            self.admit(connection, trusted=trusted)

    def _trusts(self, connection: socket.socket) -> bool | None:
        """True for the agent, False for a process of the rank, None for a stranger."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _gid = _CREDENTIALS.unpack(raw)
        if uid not in {0, os.geteuid(), self._rank_uid}:
            return None
        return uid in {0, os.geteuid()} and not processes.is_descendant(pid, os.getpid())

    def _ready(self, client: Client, events: int) -> None:
        if events & WRITE:
            self._flush(client)
        if events & ~WRITE and client in self._clients:
            self._receive(client)

    def _receive(self, client: Client) -> None:
        try:
            data = client.socket.recv(REQUEST_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.inbox += data
        while (end := client.inbox.find(b"\n")) >= 0 and client in self._clients:
            line = bytes(client.inbox[:end])
            del client.inbox[: end + 1]
            self._take(client, line)
        if not data or len(client.inbox) > REQUEST_BYTES_MAX:
            self._drop(client)

    def _take(self, client: Client, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if isinstance(request, dict):
            self._handle(client, request)
        else:
            self.send(client, {"reply": "refused", "message": "a request is one JSON object a line"})

    def _flush(self, client: Client) -> None:
        try:
            while client.outbox:
                del client.outbox[: client.socket.send(client.outbox)]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.outbox) > OUTBOX_BYTES_MAX:
            self._drop(client)
            return
        events = READ | WRITE if client.outbox else READ
        self._loop.watch(client.socket.fileno(), lambda ready: self._ready(client, ready), events)

    def _drop(self, client: Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._loop.forget(client.socket.fileno())
            client.socket.close()
