"""What a node has: its GPUs with their classes and groups."""

from collections.abc import Iterator
from dataclasses import replace

from bostan.quotas import class_of
from bostan_protos.v1.device_pb2 import Gpu as GpuMessage
from bostan_protos.v1.device_pb2 import Health, Inventory, MigInstance

from bostan_scheduler.core.node import Gpu, Verdict
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import (
    CAPABILITY,
    GPU_UUID,
    MEMORY_BYTES_MAX,
    MIG_PROFILE,
    MIG_UUID,
    few,
    name,
    name_or_empty,
    number,
    text,
)
from bostan_scheduler.rpc.translate.health import Judgement, judgements
from bostan_scheduler.rpc.translate.links import link_groups

_FIELD = "hello.inventory.gpus"
_INSTANCES_MAX = 16
"""Of one GPU; the largest known can be cut into 7."""
_SLICED = ", cut into MIG instances"
"""After the name of a device that cannot be had whole, so that it is of no class."""
_UNJUDGED: Judgement = (Verdict.FAILED, ("the agent has not judged this GPU",))


def gpus_of(inventory: Inventory, health: Health, limits: LinkLimits) -> tuple[Gpu, ...]:
    """The GPUs of a node and their MIG instances. One that it has no word on takes nothing until it has."""
    few(inventory.gpus, limits.gpus_max, "hello.inventory.gpus")
    few(inventory.links, limits.links_max, "hello.inventory.links")
    uuids = [name(one.uuid, GPU_UUID, "hello.inventory.gpus.uuid", "a GPU's UUID") for one in inventory.gpus]
    groups = link_groups(uuids, inventory.links)
    judged = judgements(health, limits, "hello.health")
    devices = tuple(
        device
        for one in inventory.gpus
        for device in _devices(one, groups[one.uuid], judged.get(one.uuid, _UNJUDGED))
    )
    few(devices, limits.gpus_max * (1 + _INSTANCES_MAX), "hello.inventory.gpus")
    if len({device.uuid for device in devices}) != len(devices):
        raise NotUnderstood("hello.inventory.gpus", "a UUID is given twice")
    return devices


def _devices(message: GpuMessage, group: int, judged: Judgement) -> Iterator[Gpu]:
    """A GPU; if it is cut, it is of no class, and each instance is of a class of its own."""
    device = text(message.name, 128)
    memory_bytes = number(message.memory_bytes, 0, MEMORY_BYTES_MAX, f"{_FIELD}.memory_bytes")
    capability = name_or_empty(
        message.compute_capability, CAPABILITY, f"{_FIELD}.compute_capability", "a capability such as 9.0"
    )
    gpu_class = class_of(device, memory_bytes, capability)
    if not message.mig_enabled:
        yield Gpu(message.uuid, device, memory_bytes, gpu_class, group, *judged)
        return
    yield Gpu(message.uuid, device + _SLICED, memory_bytes, None, group, *judged)
    whole = Gpu(message.uuid, device, memory_bytes, gpu_class, group, *judged)
    few(message.mig_instances, _INSTANCES_MAX, f"{_FIELD}.mig_instances")
    for instance in message.mig_instances:
        yield _instance(instance, whole)


def _instance(message: MigInstance, whole: Gpu) -> Gpu:
    """A slice of a GPU: a device of its own, linked as its GPU is and as healthy."""
    field = f"{_FIELD}.mig_instances"
    profile = name(message.profile, MIG_PROFILE, f"{field}.profile", "a profile such as 1g.10gb")
    return replace(
        whole,
        uuid=name(message.uuid, MIG_UUID, f"{field}.uuid", "a MIG instance's UUID"),
        memory_bytes=number(message.memory_bytes, 0, MEMORY_BYTES_MAX, f"{field}.memory_bytes"),
        default_class=f"{whole.default_class}/{profile}" if whole.default_class is not None else None,
        profile=profile,
        cut_from=whole.uuid,
    )
