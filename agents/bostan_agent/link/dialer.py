"""Dials the centre, and again when a session ends: soon and at random, or slowly where the centre refused us."""

import asyncio
import random
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import structlog
from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkStub

from bostan_agent.journal import Journal
from bostan_agent.link.calls import Calls
from bostan_agent.link.channel import Metadata, metadata, open_channel
from bostan_agent.link.errors import JournalForked, LineLost, LinkError, NodeChanged, NodeRefused, Unprepared
from bostan_agent.link.session import Call, Node, Session
from bostan_agent.settings import Settings
from bostan_agent.settings_sources import BadSettings, park_token
from bostan_agent.tasks import until_one_fails

if TYPE_CHECKING:
    from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkAsyncStub

_FIRST_WAIT_SECONDS = 1.0
_log = structlog.get_logger()

_REFUSALS = {
    grpc.StatusCode.UNAUTHENTICATED: "the centre does not know this token for park {park}; make one with `bostan park token`",
    grpc.StatusCode.PERMISSION_DENIED: "the centre does not allow this node of park {park}",
    grpc.StatusCode.FAILED_PRECONDITION: "the centre does not take this agent as it is",
    grpc.StatusCode.INVALID_ARGUMENT: "the centre does not understand this agent",
    grpc.StatusCode.UNIMPLEMENTED: "what answers at {centre} is no centre, or one of another release",
}


class Dialer:
    """Keeps one session with the centre alive, for ever."""

    def __init__(self, settings: Settings, node: Node, journal: Journal, calls: Calls) -> None:
        self._settings = settings
        self._node = node
        self._journal = journal
        self._calls = calls
        self._failures = 0
        self._changed = asyncio.Event()

    def node_changed(self) -> None:
        """Say hello anew: what was said of this node is out of date."""
        self._changed.set()

    async def run(self) -> None:
        """Dial, serve, and dial again."""
        while True:
            try:
                await self._session()
            except JournalForked as exc:
                _log.error("journal forked", why=str(exc))
                await self._journal.renew_identity()
                continue
            except NodeChanged as exc:
                _log.info("hello is said anew", why=str(exc))
                continue
            except (NodeRefused, Unprepared) as exc:
                what = (
                    "refused by the centre"
                    if isinstance(exc, NodeRefused)
                    else "the centre cannot be dialled"
                )
                _log.error(what, why=str(exc), retry_seconds=self._settings.refused_retry_seconds)
                wait_seconds = self._settings.refused_retry_seconds * random.uniform(0.5, 1.0)  # noqa: S311
            except LinkError as exc:
                wait_seconds = backoff_seconds(self._failures, self._settings.reconnect_seconds_max)
                _log.warning("no line to the centre", why=str(exc), retry_seconds=round(wait_seconds, 2))
            self._failures += 1
            await asyncio.sleep(wait_seconds)

    async def _session(self) -> None:
        try:
            settings = self._settings
            words = metadata(settings.park, settings.node_name, park_token(settings))
            channel = open_channel(settings)
        except (BadSettings, OSError) as exc:
            raise Unprepared(str(exc)) from exc
        await self._node.prepare()
        self._changed.clear()
        async with channel:
            stub: AgentLinkAsyncStub = AgentLinkStub(channel)
            call = stub.Session(metadata=words)
            try:
                await self._serve(call, stub, words)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as exc:
                # A write to a call that is over says only that; the call itself knows why.
                raise self._meaning(await call.code(), await call.details()) from exc
            finally:
                self._calls.disconnect()

    async def _serve(self, call: Call, stub: "AgentLinkAsyncStub", words: Metadata) -> None:
        session = Session(call, self._node, self._journal, self._settings)
        welcome = await session.open()
        _log.info("welcomed by the centre", node=welcome.node_id, leader_epoch=welcome.leader_epoch)
        self._failures = 0
        self._calls.connect(stub, words)
        await until_one_fails(session.serve(welcome), self._until_changed())

    async def _until_changed(self) -> None:
        await self._changed.wait()
        raise NodeChanged("the node's devices have changed")

    def _meaning(self, code: grpc.StatusCode, details: str | None) -> LinkError:
        what = f"{code.name}: {details}"
        hint = _REFUSALS.get(code)
        if hint is None:
            return LineLost(what)
        return NodeRefused(f"{hint.format(park=self._settings.park, centre=self._settings.centre)} ({what})")


def backoff_seconds(failures: int, longest_seconds: float) -> float:
    """How long to wait before dialling again: anything from nothing to a bound that doubles with each failure."""
    bound_seconds = min(longest_seconds, _FIRST_WAIT_SECONDS * 2 ** min(failures, 30))
    return random.uniform(0, bound_seconds)  # noqa: S311
