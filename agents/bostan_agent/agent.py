"""Puts an agent together, starts it in order, and lets go of everything in the end. Ranks run on."""

import asyncio
import contextlib
import fcntl
import os
import pwd
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import structlog

from bostan_agent.crew import Crew
from bostan_agent.devices.port import Devices
from bostan_agent.devices.simulated import Simulated
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Supervision
from bostan_agent.files.blobs import BlobCache
from bostan_agent.files.logs import LogPusher
from bostan_agent.files.unpack import Bounds
from bostan_agent.health.policy import load_policy
from bostan_agent.health.watch import Rounds, Watch
from bostan_agent.journal import Journal
from bostan_agent.link import Calls, Dialer
from bostan_agent.node import NodeFacts, NodeLink
from bostan_agent.ranks.adoption import adopt
from bostan_agent.ranks.controller import Controller
from bostan_agent.ranks.couriers import Courier
from bostan_agent.ranks.means import Means
from bostan_agent.ranks.ports import Ports
from bostan_agent.ranks.staging import Owner, Stager
from bostan_agent.runtime.process import ProcessRuntime, ProcessSettings
from bostan_agent.settings import Settings
from bostan_agent.settings_sources import BadSettings
from bostan_agent.shim.clock import boot_id
from bostan_agent.tasks import until_one_fails

_FIRST_ROUND_SECONDS = 20.0
_log = structlog.get_logger()


class StateInUse(Exception):
    """Another agent works in this state folder."""


@contextlib.contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Make the state folder this agent's alone.

    Raises:
        StateInUse: another agent has it.
        BadSettings: it cannot be made or written.
    """
    lock = _opened_lock(state_dir)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StateInUse(f"another agent works in {state_dir}: stop it, or set another state_dir") from None
    else:
        yield
    finally:
        os.close(lock)


def _opened_lock(state_dir: Path) -> int:
    try:
        # Ranks of another user must pass through, and see nothing on the way.
        state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        return os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise BadSettings(f"state_dir {state_dir} cannot be used: {exc.strerror}") from exc


def owner_of(settings: Settings) -> Owner | None:
    """The user that ranks run as, where it is not the agent's own.

    Raises:
        BadSettings: there is no such user, or this agent may not run anything as another.
    """
    name = settings.run_as
    if name is None:
        return None
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise BadSettings(f"run_as: there is no user {name!r} on this node") from None
    if os.geteuid() not in {0, entry.pw_uid}:
        raise BadSettings(f"run_as {name!r} needs an agent that runs as root")
    return Owner(entry.pw_uid, entry.pw_gid) if os.geteuid() != entry.pw_uid else None


def devices_of(settings: Settings) -> Devices:
    """The node's GPUs, or simulated ones. Raises BadSimulation."""
    if settings.simulate is not None:
        return Simulated.parse(settings.simulate, f"{settings.park}/{settings.node_name}")
    return Supervised(Supervision())


async def run(settings: Settings, version: str, stop: asyncio.Event) -> None:
    """Run an agent until `stop`; its ranks outlive it.

    Raises:
        BadSettings, BadSimulation, PolicyError, JournalDamaged: it cannot begin; the message says what to do.
        JournalUnwritable: the disk refuses what must be kept.
    """
    owner = owner_of(settings)
    policy = load_policy(settings.health_file) if settings.health_file else load_policy()
    devices = devices_of(settings)
    async with _closing(settings) as (journal, crew, runtime, logs, calls):
        state = settings.state_dir
        rounds = Rounds(telemetry_seconds=settings.telemetry_seconds)
        watch = Watch(devices, policy, rounds, state / "health.json")
        facts = NodeFacts(settings, journal, watch)
        means = Means(
            settings=settings,
            journal=journal,
            runtime=runtime,
            devices=devices,
            courier=_courier(settings, calls, journal),
            stager=_stager(settings, calls, owner),
            ports=Ports(settings.port_first, settings.port_last),
            logs=logs,
            crew=crew,
            owner=owner,
            boot_id=boot_id(),
            address=facts.address,
        )
        controller = Controller(means, facts.gpus, lambda: facts.draining)
        node = NodeLink(
            settings, facts, controller, watch, journal, version, means.boot_id, runtime.isolation().value
        )
        dialer = Dialer(settings, node, journal, calls)
        try:
            await _work(watch, means, controller, node, dialer, stop)
        finally:
            controller.close()
            await devices.close()


async def _work(
    watch: Watch, means: Means, controller: Controller, node: NodeLink, dialer: Dialer, stop: asyncio.Event
) -> None:
    first_round = asyncio.ensure_future(watch.next_round())
    means.crew.spawn(watch.run())
    await adopt(means, controller)
    # A hello without GPUs would only be said again a moment later; devices that hang must not hold up the line.
    await asyncio.wait([first_round], timeout=_FIRST_ROUND_SECONDS)
    first_round.cancel()
    _log.info("agent runs", node=means.settings.node_name, ranks=len(controller.ranks))
    await until_one_fails(
        _stopped(stop),
        _broken(means.journal),
        _failed(means.crew),
        controller.run(),
        means.logs.run(),
        node.tell_health(dialer.node_changed),
        dialer.run(),
    )
    _log.info("agent stops; its ranks run on", ranks=len(controller.ranks))


async def _stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def _broken(journal: Journal) -> None:
    await journal.broken.wait()
    assert journal.failure is not None, "a broken journal says why"
    raise journal.failure


async def _failed(crew: Crew) -> None:
    await asyncio.shield(crew.failed)


_Parts = tuple[Journal, Crew, ProcessRuntime, LogPusher, Calls]


@contextlib.asynccontextmanager
async def _closing(settings: Settings) -> AsyncIterator[_Parts]:
    """The parts that must be let go of, in the order in which that is safe."""
    state, calls, crew = settings.state_dir, Calls(), Crew()
    journal = Journal(state / "journal.db", settings.journal_records_max)
    runtime = ProcessRuntime(ProcessSettings(state / "ranks", ranks_max=settings.ranks_max))
    logs = LogPusher(calls, settings.chunk_bytes, settings.log_window_bytes)
    try:
        yield journal, crew, runtime, logs, calls
    finally:
        await crew.close()
        logs.close()
        await runtime.close()
        await journal.close()


def _courier(settings: Settings, calls: Calls, journal: Journal) -> Courier:
    return Courier(
        line=calls,
        journal=journal,
        slots=asyncio.Semaphore(settings.transfers_max),
        chunk_bytes=settings.chunk_bytes,
        retry_seconds_max=settings.transfer_retry_seconds_max,
        checkpoint_bounds=Bounds(settings.checkpoint_bytes_max, settings.checkpoint_files_max),
        output_bounds=Bounds(settings.output_bytes_max, settings.output_files_max),
    )


def _stager(settings: Settings, calls: Calls, owner: Owner | None) -> Stager:
    cache = BlobCache(settings.state_dir / "blobs", calls, settings.blob_cache_bytes_max)
    return Stager(cache, Bounds(settings.stage_bytes_max, settings.stage_files_max), owner)
