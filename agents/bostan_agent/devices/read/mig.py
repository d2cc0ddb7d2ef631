"""The slices of a GPU that was split with MIG."""

from functools import partial

from bostan_agent.devices.nvml import Asker, Handle, api
from bostan_agent.devices.values import MigInstance

_MEBIBYTE = 1 << 20
_INSTANCES_MAX = 64
"""Far above what any GPU offers (7): a garbled count must not make us ask for ever."""


def read_mig(ask: Asker, handle: Handle) -> tuple[bool | None, tuple[MigInstance, ...]]:
    """Whether MIG is on (None: this GPU knows no MIG), and the instances."""
    mode = ask(lambda: api.nvmlDeviceGetMigMode(handle))
    if mode is None:
        return None, ()
    if mode[0] != api.NVML_DEVICE_MIG_ENABLE:
        return False, ()
    return True, tuple(_read_instance(ask, instance) for instance in instance_handles(ask, handle))


def instance_handles(ask: Asker, handle: Handle) -> list[Handle]:
    """Handles of the instances. Their numbers may have gaps, so every number is tried."""
    count = ask(lambda: int(api.nvmlDeviceGetMaxMigDeviceCount(handle))) or 0
    found = [
        ask(partial(api.nvmlDeviceGetMigDeviceHandleByIndex, handle, index))
        for index in range(min(count, _INSTANCES_MAX))
    ]
    return [instance for instance in found if instance is not None]


def _read_instance(ask: Asker, handle: Handle) -> MigInstance:
    return MigInstance(
        uuid=ask(lambda: str(api.nvmlDeviceGetUUID(handle))) or "unknown",
        name=ask(lambda: str(api.nvmlDeviceGetName(handle))) or "unknown",
        memory_bytes=_memory_bytes(ask, handle),
        gpu_instance_id=_number(ask(lambda: int(api.nvmlDeviceGetGpuInstanceId(handle)))),
        compute_instance_id=_number(ask(lambda: int(api.nvmlDeviceGetComputeInstanceId(handle)))),
    )


def _memory_bytes(ask: Asker, handle: Handle) -> int:
    size = ask(
        lambda: int(api.nvmlDeviceGetAttributes(handle).memorySizeMB) * _MEBIBYTE,
        lambda: int(api.nvmlDeviceGetMemoryInfo(handle).total),
    )
    return size or 0


def _number(value: int | None) -> int:
    return -1 if value is None else value
