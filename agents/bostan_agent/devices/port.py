"""What the agent wants of a node's devices. Above this module nobody knows who answers, NVML or a simulation."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Protocol

from bostan_agent.devices.values import (
    THROTTLE_BITS,
    DeviceEvent,
    EventsInterrupted,
    FabricState,
    Gpu,
    GpuChanged,
    GpuProcess,
    Inventory,
    Link,
    LinkKind,
    MigInstance,
    Problem,
    ProblemCode,
    Reading,
    RecoveryAction,
    RemappedRows,
    Telemetry,
    ThrottleReason,
    XidSeen,
    XidTally,
)

__all__ = [
    "THROTTLE_BITS",
    "DeviceEvent",
    "Devices",
    "EventsInterrupted",
    "FabricState",
    "Gpu",
    "GpuChanged",
    "GpuProcess",
    "Inventory",
    "Link",
    "LinkKind",
    "MigInstance",
    "Problem",
    "ProblemCode",
    "Reading",
    "RecoveryAction",
    "RemappedRows",
    "Telemetry",
    "ThrottleReason",
    "XidSeen",
    "XidTally",
]


class Devices(Protocol):
    """The GPUs of this node. Every method may raise `DevicesError` and answers within the watchdog's time."""

    async def inventory(self) -> Inventory:
        """What GPUs there are. Read at start and after each `GpuChanged`."""
        ...

    async def telemetry(self) -> Telemetry:
        """What the GPUs say now, XIDs seen so far included."""
        ...

    async def processes(self, uuids: Iterable[str]) -> Mapping[str, frozenset[int]]:
        """The pids that hold each named GPU or MIG instance, read after this call began; asked for at a rank's exit.

        A name is left out of the answer where the device cannot tell: treat it as held.
        """
        ...

    def events(self) -> AsyncIterator[DeviceEvent]:
        """What happens to the GPUs, as it happens, until `close`. One reader."""
        ...

    async def close(self) -> None:
        """Let go of the devices. Idempotent."""
        ...
