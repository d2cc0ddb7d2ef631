"""What each GPU is: identity, size, place, slices."""

from pathlib import Path

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api
from bostan_agent.devices.read.handles import Handles, pci_address
from bostan_agent.devices.read.mig import read_mig
from bostan_agent.devices.read.topology import read_links
from bostan_agent.devices.values import Gpu, Inventory, Problem

_WORD_BITS = 64
_NUMA_WORDS = 16
"""Room for 1,024 NUMA nodes."""


def read_inventory(handles: Handles, pci_folder: Path) -> Inventory:
    """All of the node; a GPU that fails while it is read becomes a problem. `pci_folder`: /sys/bus/pci/devices."""
    gpus: list[Gpu] = []
    problems: list[Problem] = list(handles.problems)
    for uuid, handle in handles.by_uuid.items():
        ask = Asker(uuid)
        try:
            gpus.append(_read_gpu(ask, handle, pci_folder))
        except GpuFailed as failed:
            problems.append(Problem(failed.code, uuid, failed.evidence))
        problems.extend(ask.problems)
    links = read_links({gpu.uuid: (gpu, handles.by_uuid[gpu.uuid]) for gpu in gpus})
    return Inventory(_driver_version(), _cuda_version(), tuple(gpus), links, tuple(problems))


def _driver_version() -> str | None:
    return Asker("driver")(lambda: str(api.nvmlSystemGetDriverVersion()))


def _cuda_version() -> str | None:
    number = Asker("driver")(api.nvmlSystemGetCudaDriverVersion_v2, api.nvmlSystemGetCudaDriverVersion)
    return None if number is None else f"{number // 1000}.{number % 1000 // 10}"


def _read_gpu(ask: Asker, handle: Handle, pci_folder: Path) -> Gpu:
    address = ask(lambda: pci_address(handle)) or "unknown"
    mig_enabled, mig_instances = read_mig(ask, handle)
    return Gpu(
        uuid=ask.gpu,
        name=ask(lambda: str(api.nvmlDeviceGetName(handle))) or "unknown",
        memory_bytes=_memory_bytes(ask, handle),
        pci_bus_id=address,
        compute_capability=_compute_capability(ask, handle),
        minor=ask(lambda: api.nvmlDeviceGetMinorNumber(handle)),
        numa_node=_numa_node(ask, handle, pci_folder / address),
        serial=ask(lambda: str(api.nvmlDeviceGetSerial(handle))),
        pcie_width_max=ask(lambda: api.nvmlDeviceGetMaxPcieLinkWidth(handle)),
        pcie_generation_max=ask(lambda: api.nvmlDeviceGetMaxPcieLinkGeneration(handle)),
        mig_enabled=mig_enabled,
        mig_instances=mig_instances,
    )


def _memory_bytes(ask: Asker, handle: Handle) -> int:
    """Zero where memory is shared with the host and the driver names no size."""
    return ask(lambda: int(api.nvmlDeviceGetMemoryInfo(handle).total)) or 0


def _compute_capability(ask: Asker, handle: Handle) -> str | None:
    pair = ask(lambda: api.nvmlDeviceGetCudaComputeCapability(handle))
    return None if pair is None else f"{pair[0]}.{pair[1]}"


def _numa_node(ask: Asker, handle: Handle, pci_device: Path) -> int | None:
    """The kernel's word first; in containers that hide /sys, the lowest bit of the driver's mask."""
    try:
        node = int((pci_device / "numa_node").read_text())
    except (OSError, ValueError):
        node = -1
    if node >= 0:
        return node
    words = ask(lambda: list(api.nvmlDeviceGetMemoryAffinity(handle, _NUMA_WORDS, 0)))
    return _lowest_bit(words or [])


def _lowest_bit(words: list[int]) -> int | None:
    for index, word in enumerate(words):
        if word:
            return index * _WORD_BITS + (word & -word).bit_length() - 1
    return None
