"""The gauges that a heartbeat carries. Shown and forgotten: what makes no sense is left out, not refused."""

from collections.abc import Mapping

from bostan_protos.v1.agent_link_pb2 import Heartbeat
from bostan_protos.v1.device_pb2 import GpuTelemetry

from bostan_scheduler.board import GpuReading
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import GPU_UUID, MEMORY_BYTES_MAX

_MILLIWATTS_MAX = 100_000_000
_CELSIUS_MAX = 1_000


def readings(heartbeat: Heartbeat, limits: LinkLimits) -> Mapping[str, GpuReading]:
    """The gauges by GPU."""
    gpus = heartbeat.gpus[: limits.gpus_max]
    return {one.uuid: _reading(one) for one in gpus if GPU_UUID.fullmatch(one.uuid)}


def _reading(gauges: GpuTelemetry) -> GpuReading:
    return GpuReading(
        utilisation_percent=_within(gauges, "utilisation_percent", 0, 100),
        memory_used_bytes=_within(gauges, "memory_used_bytes", 0, MEMORY_BYTES_MAX),
        power_milliwatts=_within(gauges, "power_milliwatts", 0, _MILLIWATTS_MAX),
        temperature_celsius=_within(gauges, "temperature_celsius", -273, _CELSIUS_MAX),
    )


def _within(gauges: GpuTelemetry, field: str, least: int, most: int) -> int | None:
    value: int = getattr(gauges, field)
    return value if gauges.HasField(field) and least <= value <= most else None  # type: ignore[arg-type]
