"""What the devices are, do and suffer, as messages to the centre."""

import os
from collections.abc import Iterable, Mapping

from bostan_protos.v1 import device_pb2 as wire

from bostan_agent.devices.port import Gpu, Inventory, Link, LinkKind, Reading, Telemetry, ThrottleReason
from bostan_agent.health.verdict import Draining, Failed, Finding, GpuHealth, Healthy, Warned

_LINK_KINDS = {
    LinkKind.NVLINK: wire.LINK_KIND_NVLINK,
    LinkKind.PIX: wire.LINK_KIND_PIX,
    LinkKind.PXB: wire.LINK_KIND_PXB,
    LinkKind.PHB: wire.LINK_KIND_PHB,
    LinkKind.NODE: wire.LINK_KIND_NODE,
    LinkKind.SYS: wire.LINK_KIND_SYS,
}
_VERDICTS = {
    Healthy: wire.VERDICT_HEALTHY,
    Warned: wire.VERDICT_WARNED,
    Draining: wire.VERDICT_DRAINING,
    Failed: wire.VERDICT_FAILED,
}
_THROTTLE_BITS = {
    ThrottleReason.IDLE: 0x1,
    ThrottleReason.APPLICATION_CLOCKS: 0x2,
    ThrottleReason.SOFTWARE_POWER_CAP: 0x4,
    ThrottleReason.HARDWARE_SLOWDOWN: 0x8,
    ThrottleReason.SYNC_BOOST: 0x10,
    ThrottleReason.SOFTWARE_THERMAL: 0x20,
    ThrottleReason.HARDWARE_THERMAL: 0x40,
    ThrottleReason.HARDWARE_POWER_BRAKE: 0x80,
    ThrottleReason.DISPLAY_CLOCK: 0x100,
}
_EVIDENCE_CHARACTERS_MAX = 500

FindingKey = tuple[str, str]


def inventory_message(inventory: Inventory, isolation: str, error: str | None) -> wire.Inventory:
    """The node's GPUs and the machine around them. `error`: why the devices cannot be read."""
    problems = [f"{problem.gpu}: {problem.code}: {problem.evidence}" for problem in inventory.problems]
    return wire.Inventory(
        driver_version=inventory.driver_version or "",
        cuda_version=inventory.cuda_version or "",
        gpus=[_gpu(gpu) for gpu in inventory.gpus],
        links=[_link(link) for link in inventory.links],
        cpus=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        isolation=isolation,
        problems=problems if error is None else [error, *problems],
    )


def telemetry_messages(telemetry: Telemetry) -> list[wire.GpuTelemetry]:
    """What each GPU said in one round; what a device does not tell stays unset."""
    return [_reading(reading) for reading in telemetry.readings]


def finding_keys(health: Mapping[str, GpuHealth]) -> dict[FindingKey, Finding]:
    """The findings of all GPUs, by GPU and code."""
    return {(gpu, finding.code): finding for gpu, each in health.items() for finding in each.findings}


def health_message(health: Mapping[str, GpuHealth], told: Iterable[FindingKey] = ()) -> wire.Health:
    """What is thought of each GPU. Of the findings `told` before, those that are gone are told as cleared."""
    present = finding_keys(health)
    gone = sorted(set(told) - present.keys())
    return wire.Health(
        verdicts=[
            wire.GpuVerdict(uuid=gpu, verdict=_VERDICTS[type(each.verdict)]) for gpu, each in health.items()
        ],
        findings=[_finding(gpu, finding) for (gpu, _), finding in present.items()]
        + [wire.HealthFinding(gpu_uuid=gpu, code=code, action="none", cleared=True) for gpu, code in gone],
    )


def _finding(gpu: str, finding: Finding) -> wire.HealthFinding:
    evidence = finding.evidence[:_EVIDENCE_CHARACTERS_MAX]
    return wire.HealthFinding(gpu_uuid=gpu, code=finding.code, evidence=evidence, action=finding.action.value)


def _gpu(gpu: Gpu) -> wire.Gpu:
    return wire.Gpu(
        uuid=gpu.uuid,
        name=gpu.name,
        memory_bytes=gpu.memory_bytes,
        compute_capability=gpu.compute_capability or "",
        pci_bus_id=gpu.pci_bus_id,
        minor=gpu.minor,
        numa_node=gpu.numa_node,
        mig_enabled=bool(gpu.mig_enabled),
        mig_instances=[
            wire.MigInstance(uuid=each.uuid, profile=each.profile, memory_bytes=each.memory_bytes)
            for each in gpu.mig_instances
        ],
    )


def _link(link: Link) -> wire.Link:
    return wire.Link(uuid_a=link.a, uuid_b=link.b, kind=_LINK_KINDS[link.kind], nvlinks=link.nvlinks)


def _reading(reading: Reading) -> wire.GpuTelemetry:
    rows = reading.remapped_rows
    return wire.GpuTelemetry(
        uuid=reading.uuid,
        utilisation_percent=reading.utilisation_percent,
        memory_used_bytes=reading.memory_used_bytes,
        power_milliwatts=reading.power_milliwatts,
        energy_millijoules=reading.energy_millijoules,
        temperature_celsius=reading.temperature_celsius,
        sm_clock_mhz=reading.sm_clock_megahertz,
        memory_clock_mhz=reading.memory_clock_megahertz,
        throttle_reasons=_bits(reading.throttle_reasons),
        ecc_uncorrected=reading.ecc_uncorrected,
        ecc_corrected=reading.ecc_corrected,
        remapped_rows_uncorrectable=None if rows is None else rows.uncorrectable,
        remapping_pending=None if rows is None else rows.pending,
        remapping_failed=None if rows is None else rows.failed,
        processes=len(reading.processes or ()),
    )


def _bits(reasons: tuple[ThrottleReason, ...] | None) -> int | None:
    return None if reasons is None else sum(_THROTTLE_BITS[reason] for reason in reasons)
