"""Which GPUs the driver lets us hold, and which it hides: nothing here stops at the first bad one."""

from dataclasses import dataclass
from pathlib import Path

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api, code_of
from bostan_agent.devices.values import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class Handles:
    """The readable GPUs by UUID, in the driver's order, and a problem for each of the others."""

    by_uuid: dict[str, Handle]
    problems: tuple[Problem, ...]


def open_handles(driver_folder: Path) -> Handles:
    """All GPUs of the node; `driver_folder` (/proc/driver/nvidia) lists the GPUs that the kernel module knows."""
    by_uuid: dict[str, Handle] = {}
    hidden: list[tuple[ProblemCode, str]] = []
    known = set()
    for index in range(api.nvmlDeviceGetCount()):
        try:
            handle = api.nvmlDeviceGetHandleByIndex(index)
            by_uuid[str(api.nvmlDeviceGetUUID(handle))] = handle
            known.add(pci_address(handle))
        except (api.NVMLError, UnicodeDecodeError) as error:
            hidden.append((code_of(error), f"GPU number {index}: {error}"))
    return Handles(by_uuid, _problems(hidden, _kernel_addresses(driver_folder) - known))


def pci_address(handle: Handle) -> str:
    """Where the GPU sits, in the kernel's form: 0000:1b:00.0 (NVML writes 00000000:1B:00.0)."""
    return kernel_form(api.nvmlDeviceGetPciInfo(handle).busId)


def kernel_form(address: bytes | str) -> str:
    """A PCI address as NVML writes it, in the kernel's form. Wheels differ in whether they decode it."""
    text = address.decode("ascii", "replace") if isinstance(address, bytes) else address
    domain, _, rest = text.lower().partition(":")
    return f"{domain[-4:]}:{rest}"


def mig_handle(uuid: str) -> Handle | None:
    """A GPU or MIG instance by its UUID, asked afresh: handles of instances die when instances change."""
    try:
        return Asker(uuid)(lambda: api.nvmlDeviceGetHandleByUUID(uuid))
    except GpuFailed:
        return None


def _kernel_addresses(driver_folder: Path) -> set[str]:
    """GPUs bound to the NVIDIA module. Not /sys/bus/pci: a container sees there GPUs that are not its own."""
    try:
        return {entry.name.lower() for entry in (driver_folder / "gpus").iterdir()}
    except OSError:
        return set()


def _problems(hidden: list[tuple[ProblemCode, str]], unaccounted: set[str]) -> tuple[Problem, ...]:
    """Pair what the driver hides with the addresses that nobody claimed: both are in bus order."""
    addresses = sorted(unaccounted)
    named = [
        Problem(code, addresses[i] if i < len(addresses) else evidence.partition(":")[0], evidence)
        for i, (code, evidence) in enumerate(hidden)
    ]
    beyond = [
        Problem(
            ProblemCode.OFF_THE_BUS, address, "the kernel module lists it and the driver does not count it"
        )
        for address in addresses[len(hidden) :]
    ]
    return tuple(named + beyond)
