"""GPUs for machines that have none: made from a description such as "8xH100-80GB-SXM" or "4xA100-80GB,8xT4-16GB".

Only the silicon is pretended. A simulated GPU is held by the live processes that were started with its UUID in
CUDA_VISIBLE_DEVICES, and by no others: so "the GPU is free" is found out here as truly as on real hardware.
"""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from bostan_agent.devices.batch import Batch
from bostan_agent.devices.errors import BadSimulation
from bostan_agent.devices.holders import find_holders
from bostan_agent.devices.mailbox import Mailbox
from bostan_agent.devices.models import MODELS, Model
from bostan_agent.devices.simulated_telemetry import Meter
from bostan_agent.devices.tally import Tally
from bostan_agent.devices.values import (
    DeviceEvent,
    Gpu,
    Inventory,
    Link,
    LinkKind,
    Telemetry,
    XidSeen,
)

GPUS_MAX = 64
"""On one node: more than any real machine holds."""
_EVENTS_MAX = 1024
_GROUP = re.compile(r"(?P<count>[0-9]{1,4})\s*[xX×]\s*(?P<model>[A-Za-z0-9-]+)")
_NAMESPACE = uuid.UUID("6c1c3f7e-6d0d-5d0e-9a53-0d5c3c0f1b2a")


@dataclass(frozen=True, slots=True)
class SimulatedGpu:
    """A GPU that is pretended, and the model it is of."""

    gpu: Gpu
    model: Model


def parse_simulation(text: str, node: str) -> tuple[SimulatedGpu, ...]:
    """The GPUs that `text` describes. The same text on the same node gives the same UUIDs; other nodes others."""
    models = [model for part in text.split(",") for model in _group(text, part.strip())]
    if len(models) > GPUS_MAX:
        raise BadSimulation(
            f"--simulate {text!r} asks for {len(models)} GPUs; a node has at most {GPUS_MAX}."
        )
    return tuple(SimulatedGpu(_gpu(node, index, model), model) for index, model in enumerate(models))


def _group(text: str, part: str) -> list[Model]:
    match = _GROUP.fullmatch(part)
    model = MODELS.get(match["model"].upper()) if match else None
    if match is None or model is None or int(match["count"]) == 0:
        known = ", ".join(MODELS)
        raise BadSimulation(
            f"--simulate {text!r}: {part!r} is not COUNTxMODEL as in 8xH100-80GB-SXM. Known models: {known}."
        )
    return [model] * int(match["count"])


def _gpu(node: str, index: int, model: Model) -> Gpu:
    return Gpu(
        uuid=f"GPU-{uuid.uuid5(_NAMESPACE, f'{node}/{index}/{model.name}')}",
        name=model.name,
        memory_bytes=model.memory_bytes,
        pci_bus_id=f"0000:{0x10 + index:02x}:00.0",
        compute_capability=model.compute_capability,
        minor=index,
        numa_node=0,
        pcie_width_max=16,
        pcie_generation_max=model.pcie_generation,
        mig_enabled=False,
    )


def _links(gpus: tuple[SimulatedGpu, ...]) -> tuple[Link, ...]:
    """Every pair: by NVLink where both are of one model that has it, else over the host bridge."""
    links = []
    for a, b in combinations(sorted(gpus, key=lambda each: each.gpu.uuid), 2):
        nvlinks = a.model.nvlinks if a.model is b.model else 0
        kind = LinkKind.NVLINK if nvlinks else LinkKind.PHB
        links.append(Link(a.gpu.uuid, b.gpu.uuid, kind, nvlinks))
    return tuple(links)


class Simulated:
    """`Devices` without hardware."""

    def __init__(self, gpus: tuple[SimulatedGpu, ...], clock: Callable[[], float] | None = None) -> None:
        self._gpus = gpus
        self._clock = clock or (lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
        self._meters = {each.gpu.uuid: Meter(each.model, self._clock()) for each in gpus}
        self._tally = Tally()
        self._mailbox = Mailbox(_EVENTS_MAX)
        self._batch = Batch(self._scan)

    @classmethod
    def parse(cls, text: str, node: str) -> "Simulated":
        """From the text after --simulate, for the node of this name; `BadSimulation` where it says nothing."""
        return cls(parse_simulation(text, node))

    async def inventory(self) -> Inventory:
        """See `Devices`."""
        return Inventory("simulated", None, tuple(each.gpu for each in self._gpus), _links(self._gpus))

    async def telemetry(self) -> Telemetry:
        """See `Devices`."""
        held = await self._batch.ask(self._meters)
        now = self._clock()
        readings = tuple(meter.read(gpu, held.get(gpu), now) for gpu, meter in self._meters.items())
        return self._tally.added_to(Telemetry(now, readings))

    async def processes(self, uuids: Iterable[str]) -> Mapping[str, frozenset[int]]:
        """See `Devices`."""
        return await self._batch.ask(uuids)

    def events(self) -> AsyncIterator[DeviceEvent]:
        """See `Devices`."""
        return self._mailbox.read()

    async def close(self) -> None:
        """See `Devices`."""
        self._mailbox.close()

    def report_xid(self, gpu: str, xid: int) -> None:
        """Let the driver report an error of a GPU, as real ones do."""
        event = XidSeen(gpu, xid, self._clock())
        self._tally.count(event)
        self._mailbox.put(event)

    async def _scan(self, uuids: frozenset[str]) -> Mapping[str, frozenset[int]]:
        return await asyncio.to_thread(find_holders, uuids & self._meters.keys())
