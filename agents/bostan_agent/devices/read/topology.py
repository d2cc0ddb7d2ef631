"""Which GPUs are near each other: NVLinks, direct or through switches, else the PCIe path."""

from collections import Counter
from functools import partial
from itertools import combinations

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api
from bostan_agent.devices.read.handles import kernel_form
from bostan_agent.devices.values import Gpu, Link, LinkKind

_PATHS = {
    api.NVML_TOPOLOGY_INTERNAL: LinkKind.PIX,
    api.NVML_TOPOLOGY_SINGLE: LinkKind.PIX,
    api.NVML_TOPOLOGY_MULTIPLE: LinkKind.PXB,
    api.NVML_TOPOLOGY_HOSTBRIDGE: LinkKind.PHB,
    api.NVML_TOPOLOGY_NODE: LinkKind.NODE,
    api.NVML_TOPOLOGY_SYSTEM: LinkKind.SYS,
}
_SWITCH = "switch"

Held = dict[str, tuple[Gpu, Handle]]


def read_links(held: Held) -> tuple[Link, ...]:
    """One link per pair of GPUs whose path is told; virtual machines often tell none."""
    peers = {gpu.pci_bus_id: uuid for uuid, (gpu, _) in held.items()}
    nvlinks = {uuid: _nvlink_ends(uuid, handle, peers) for uuid, (_, handle) in held.items()}
    links = []
    for a, b in combinations(sorted(held), 2):
        count = _between(nvlinks[a], nvlinks[b], b)
        kind = LinkKind.NVLINK if count else _pcie_path(held[a][1], held[b][1])
        if kind is not None:
            links.append(Link(a, b, kind, count))
    return tuple(links)


def active_nvlinks(ask: Asker, handle: Handle) -> list[int] | None:
    """Numbers of the links that are up; None where the GPU has no NVLink at all.

    Links are numbered from 0 without gaps; the driver refuses the first number beyond them.
    """
    states: list[int] = []
    for link in range(api.NVML_NVLINK_MAX_LINKS):
        state = ask(partial(api.nvmlDeviceGetNvLinkState, handle, link))
        if state is None:
            break
        states.append(state)
    return [link for link, state in enumerate(states) if state] if states else None


def _nvlink_ends(uuid: str, handle: Handle, peers: dict[str, str]) -> Counter[str]:
    """How many active NVLinks of this GPU end at which GPU, or at a switch."""
    ask = Asker(uuid)
    try:
        return Counter(_end(ask, handle, link, peers) for link in active_nvlinks(ask, handle) or ())
    except GpuFailed:
        return Counter()


def _end(ask: Asker, handle: Handle, link: int, peers: dict[str, str]) -> str:
    kind = ask(lambda: int(api.nvmlDeviceGetNvLinkRemoteDeviceType(handle, link)))
    if kind == api.NVML_NVLINK_DEVICE_TYPE_SWITCH:
        return _SWITCH
    address = ask(lambda: kernel_form(api.nvmlDeviceGetNvLinkRemotePciInfo(handle, link).busId))
    return peers.get(address or "", "unknown")


def _between(ends_a: Counter[str], ends_b: Counter[str], b: str) -> int:
    """Direct links, else as many as both have into the switches."""
    return ends_a[b] or min(ends_a[_SWITCH], ends_b[_SWITCH])


def _pcie_path(a: Handle, b: Handle) -> LinkKind | None:
    try:
        level = Asker("pair")(lambda: int(api.nvmlDeviceGetTopologyCommonAncestor(a, b)))
    except GpuFailed:
        return None
    return None if level is None else _PATHS.get(level)
