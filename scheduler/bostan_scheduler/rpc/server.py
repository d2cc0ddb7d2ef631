"""The agents' link as a server: its parts put together, its options, its start and its end."""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
import grpc.aio
from bostan_protos.v1.agent_link_pb2_grpc import add_AgentLinkServicer_to_server

from bostan_scheduler.board import Telemetry
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.errors import UnsafeAddress
from bostan_scheduler.files.blobs import BlobStore
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.rpc.arrived import Arrived
from bostan_scheduler.rpc.blobs import BlobCounter
from bostan_scheduler.rpc.conversation import Desk
from bostan_scheduler.rpc.errors import NotNow
from bostan_scheduler.rpc.gate import Gate
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.notices import Notices
from bostan_scheduler.rpc.offered import Offered
from bostan_scheduler.rpc.opening import Reception
from bostan_scheduler.rpc.ownership import Ownership
from bostan_scheduler.rpc.pump import Pump, Watch
from bostan_scheduler.rpc.servicer import Link, Rooms
from bostan_scheduler.rpc.sessions import Sessions
from bostan_scheduler.rpc.translate.checks import PORT_MAX
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.service.ports import Leader, Reader


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's certificate chain and its key, as PEM."""

    certificate_chain: bytes
    private_key: bytes


def _to_nobody(events_up_to: int) -> None:
    del events_up_to


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """What the link is made of. `listen` is HOST:PORT, port 0 picks one; `on_events` hears up to which `seq` events are
    committed, so that a front needs one subscription for its sessions and its watchers."""

    reader: Reader
    leader: Leader
    blobs: BlobStore
    logs: LogBook
    board: Telemetry
    listen: str
    insecure: bool = False
    tls: Tls | None = None
    limits: LinkLimits = field(default_factory=LinkLimits)
    clock: Callable[[], Instant] = wall_ms
    on_events: Callable[[int], None] = _to_nobody


class RunningGateway:
    """A link that takes calls."""

    def __init__(self, server: grpc.aio.Server, port: int, rooms: Rooms, pump: Pump, watch: Watch) -> None:
        self.port = port
        self.gate = rooms.gate
        self.sessions = rooms.reception.sessions
        self._server = server
        self._tasks = [asyncio.ensure_future(pump.run()), asyncio.ensure_future(watch.run())]

    async def stop(self, grace_seconds: float) -> None:
        """Close the sessions, so that their agents dial another front, and give other calls some time to end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.sessions.close_all(NotNow("this front of the centre is stopping; dial again"))
        await self._server.stop(grace_seconds)


async def start_gateway(parts: GatewayParts) -> RunningGateway:
    """Take agents' calls from now on, in the running event loop.

    Raises:
        UnsafeAddress: others than this machine could reach it, and there is no TLS.
        OSError: the address is taken, or is none of this machine.
    """
    _refuse_unsafe(parts)
    limits, clock = parts.limits, parts.clock
    offered, ownership, notices = Offered(clock), Ownership(parts.reader, limits), Notices()
    sessions, gate = Sessions(limits, clock, offered), Gate(parts.reader, clock, limits)
    blob_bytes_max = parts.blobs.limits.blob_bytes_max
    rooms = Rooms(
        gate=gate,
        reception=Reception(parts.reader, parts.leader, sessions, clock, limits, notices, blob_bytes_max),
        desk=Desk(parts.leader, parts.board, Arrived(parts.blobs), clock, limits, notices),
        counter=BlobCounter(parts.blobs, ownership, offered, limits),
        book=parts.logs,
        ownership=ownership,
        notices=notices,
    )
    server = grpc.aio.server(options=options(limits))
    add_AgentLinkServicer_to_server(Link(rooms), server)
    port = _bind(server, parts)
    await server.start()
    pump = Pump(parts.leader, sessions, limits, parts.on_events)
    return RunningGateway(server, port, rooms, pump, Watch(parts.leader, sessions, gate, clock, limits))


def options(limits: LinkLimits) -> list[tuple[str, int]]:
    """gRPC's options. Their dots and underscores are as its core reads them; one that is misspelt is ignored silently.

    A client that pings every 20 s must be allowed to, or it is cut off as one that pings too much. A connection has no
    greatest age, for the streams on it are the sessions.
    """
    return [
        ("grpc.max_receive_message_length", limits.message_bytes_max),
        ("grpc.max_send_message_length", limits.message_bytes_max),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.max_concurrent_streams", limits.streams_per_connection_max),
        ("grpc.server.max_pending_requests", limits.pending_calls_max),
        ("grpc.server.max_pending_requests_hard_limit", limits.pending_calls_max),
    ]


def _bind(server: grpc.aio.Server, parts: GatewayParts) -> int:
    # gRPC would take a port that is too high modulo 65,536.
    if not parts.listen.rpartition(":")[2].isdecimal() or int(parts.listen.rpartition(":")[2]) > PORT_MAX:
        raise OSError(f"cannot listen for agents on {parts.listen}: it names no port")
    try:
        if parts.tls is None:
            return int(server.add_insecure_port(parts.listen))
        pair = (parts.tls.private_key, parts.tls.certificate_chain)
        return int(server.add_secure_port(parts.listen, grpc.ssl_server_credentials([pair])))
    except RuntimeError as error:
        raise OSError(f"cannot listen for agents on {parts.listen}: {error}") from error


def _refuse_unsafe(parts: GatewayParts) -> None:
    if parts.tls is None and not parts.insecure and not is_loopback(parts.listen):
        raise UnsafeAddress(
            f"agents would send their tokens to {parts.listen} for everybody on the way to read: listen on 127.0.0.1, "
            "set up TLS, or pass --insecure on a network that you trust"
        )


def is_loopback(listen: str) -> bool:
    """Whether only this machine reaches HOST:PORT."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
