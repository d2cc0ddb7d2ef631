"""This node in the centre's eyes: what its sessions say of it, and who hears what the centre says."""

import asyncio
from collections.abc import Callable

import structlog
from bostan_protos.v1.agent_link_pb2 import ActualSet, DesiredSet, Drain, Heartbeat, Hello, Renew, Welcome

from bostan_agent.device_reports import (
    FindingKey,
    finding_keys,
    health_message,
    inventory_message,
    telemetry_messages,
)
from bostan_agent.devices.port import Inventory, Telemetry
from bostan_agent.endpoints import own_address_towards
from bostan_agent.health.watch import Picture, Unread, Watch
from bostan_agent.journal import Journal, Write
from bostan_agent.ranks.controller import Controller, GpuFacts
from bostan_agent.ranks.reports import record
from bostan_agent.settings import Settings
from bostan_agent.shim.clock import boottime_ns

_DRAINING = "draining"
_LOOPBACK = "127.0.0.1"
_log = structlog.get_logger()


class NodeFacts:
    """What this node knows of itself, beside its ranks."""

    def __init__(self, settings: Settings, journal: Journal, watch: Watch) -> None:
        self._settings = settings
        self._journal = journal
        self._watch = watch
        self._address = settings.address
        self._seen: tuple[Picture, GpuFacts] | None = None
        self._draining: str | None = journal.fact(_DRAINING) or None

    @property
    def draining(self) -> str | None:
        """Why nothing new is taken, or None. Outlives the agent."""
        return self._draining

    def drain(self, drain: Drain) -> None:
        """The centre says whether to take something new."""
        reason = (drain.reason or "the centre said so") if drain.draining else None
        if reason != self._draining:
            _log.info("draining", reason=reason)
            self._draining = reason
            self._journal.commit(Write(facts={_DRAINING: reason or ""}))

    def gpus(self) -> GpuFacts:
        """Which GPUs may get something new."""
        picture = self._watch.latest
        if self._seen is None or self._seen[0] is not picture:
            self._seen = (picture, gpu_facts(picture))
        return self._seen[1]

    def address(self) -> str:
        """Where other nodes reach this one."""
        return self._address or _LOOPBACK

    async def find_address(self) -> None:
        """Look which of this node's addresses leads to the centre, unless one was set."""
        if self._settings.address is not None:
            return
        try:
            self._address = await asyncio.to_thread(own_address_towards, self._settings.endpoint)
        except OSError as exc:
            _log.warning(
                "no address of this node leads to the centre", centre=self._settings.centre, why=str(exc)
            )


def gpu_facts(picture: Picture) -> GpuFacts:
    """What a picture of the devices means for offers. What was not read is not fit for use."""
    reasons: dict[str, str | None] = {}
    for gpu in picture.inventory.gpus:
        reason = picture.unusable.get(gpu.uuid) if gpu.uuid in picture.health else "it was not read yet"
        in_slices = "it is cut into MIG instances" if gpu.mig_enabled else None
        reasons[gpu.uuid] = reason or in_slices
        reasons |= {instance.uuid: reason for instance in gpu.mig_instances}
    usable = frozenset(uuid for uuid, reason in reasons.items() if reason is None)
    return GpuFacts(usable, {uuid: reason for uuid, reason in reasons.items() if reason is not None})


class NodeLink:
    """The node as `link.Node`."""

    def __init__(
        self,
        settings: Settings,
        facts: NodeFacts,
        controller: Controller,
        watch: Watch,
        journal: Journal,
        version: str,
        boot_id: str,
        isolation: str,
    ) -> None:
        self._settings = settings
        self._facts = facts
        self._controller = controller
        self._watch = watch
        self._journal = journal
        self._version = version
        self._boot_id = boot_id
        self._isolation = isolation
        self._said: Inventory | None = None
        self._sent: Telemetry | None = None
        self._told: set[FindingKey] = set()

    async def prepare(self) -> None:
        """See `link.Node`."""
        await self._facts.find_address()

    def hello(self) -> Hello:
        """See `link.Node`."""
        picture = self._watch.latest
        self._said = picture.inventory
        error = str(picture.condition.error) if isinstance(picture.condition, Unread) else None
        return Hello(
            agent_version=self._version,
            node_name=self._settings.node_name,
            boot_id=self._boot_id,
            inventory=inventory_message(picture.inventory, self._isolation, error),
            address=self._facts.address(),
            health=health_message(picture.health),
            labels=self._settings.labels,
        )

    def actual(self) -> ActualSet:
        """See `link.Node`."""
        return ActualSet(ranks=self._controller.actual())

    def heartbeat(self) -> Heartbeat:
        """See `link.Node`. Telemetry goes with the first heartbeat after it was read."""
        picture = self._watch.latest
        fresh = picture.telemetry if picture.telemetry is not self._sent else None
        self._sent = picture.telemetry
        return Heartbeat(
            boottime_ns=boottime_ns(),
            gpus=[] if fresh is None else telemetry_messages(fresh),
            journal_unacked=self._journal.unacked,
            devices_hung=isinstance(picture.condition, Unread),
        )

    def welcomed(self, welcome: Welcome) -> None:
        """See `link.Node`."""

    def desired(self, desired: DesiredSet) -> None:
        """See `link.Node`."""
        self._controller.desired(desired)

    def renew(self, renew: Renew) -> None:
        """See `link.Node`."""
        self._controller.renew(renew)

    def drain(self, drain: Drain) -> None:
        """See `link.Node`."""
        self._facts.drain(drain)

    async def tell_health(self, changed: Callable[[], None]) -> None:
        """Write down each change of the devices' health, for ever; `changed`: the hello is out of date."""
        while True:
            picture = await self._watch.next_round()
            findings = set(finding_keys(picture.health))
            # A full journal waits with findings: the next round compares with what was written, so none is missed.
            if findings != self._told and not self._journal.full:
                body = health_message(picture.health, self._told)
                self._journal.commit(Write((record(None, None, body),)))
                self._told = findings
            if self._said is not None and picture.inventory != self._said:
                changed()
