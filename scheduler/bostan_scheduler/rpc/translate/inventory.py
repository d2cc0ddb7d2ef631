"""What a node has: its GPUs with their classes and groups."""

from collections.abc import Mapping

from bostan.quotas import class_of
from bostan_protos.v1.device_pb2 import Gpu as GpuMessage
from bostan_protos.v1.device_pb2 import Health, Inventory

from bostan_scheduler.core.node import Gpu, Verdict
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import (
    CAPABILITY,
    GPU_UUID,
    MEMORY_BYTES_MAX,
    few,
    name,
    name_or_empty,
    number,
    text,
)
from bostan_scheduler.rpc.translate.health import Judgement, judgements
from bostan_scheduler.rpc.translate.links import link_groups

_SLICED = ", cut into MIG instances"
"""After the name of a device that cannot be had whole, so that it is of no class."""
_UNJUDGED: Judgement = (Verdict.FAILED, ("the agent has not judged this GPU",))


def gpus_of(inventory: Inventory, health: Health, limits: LinkLimits) -> tuple[Gpu, ...]:
    """The GPUs of a node, as it has just said. One that it has no word on takes nothing until it has."""
    few(inventory.gpus, limits.gpus_max, "hello.inventory.gpus")
    few(inventory.links, limits.links_max, "hello.inventory.links")
    uuids = [name(one.uuid, GPU_UUID, "hello.inventory.gpus.uuid", "a GPU's UUID") for one in inventory.gpus]
    if len(set(uuids)) != len(uuids):
        raise NotUnderstood("hello.inventory.gpus", "a UUID is given twice")
    groups = link_groups(uuids, inventory.links)
    judged = judgements(health, limits, "hello.health")
    return tuple(_gpu(one, groups, judged.get(one.uuid, _UNJUDGED)) for one in inventory.gpus)


def _gpu(message: GpuMessage, groups: Mapping[str, int], judged: Judgement) -> Gpu:
    field = "hello.inventory.gpus"
    device = text(message.name, 128) + (_SLICED if message.mig_enabled else "")
    memory_bytes = number(message.memory_bytes, 0, MEMORY_BYTES_MAX, f"{field}.memory_bytes")
    capability = name_or_empty(
        message.compute_capability, CAPABILITY, f"{field}.compute_capability", "a capability such as 9.0"
    )
    default_class = class_of(device, memory_bytes, capability)
    verdict, findings = judged
    return Gpu(message.uuid, device, memory_bytes, default_class, groups[message.uuid], verdict, findings)
