"""What each GPU says now: load, heat, power, errors."""

import ctypes
import time
from functools import partial

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api
from bostan_agent.devices.read.handles import Handles
from bostan_agent.devices.read.processes import read_processes
from bostan_agent.devices.read.topology import active_nvlinks
from bostan_agent.devices.values import (
    THROTTLE_BITS,
    FabricState,
    GpuProcess,
    Problem,
    Reading,
    RecoveryAction,
    RemappedRows,
    Telemetry,
    ThrottleReason,
)

_ACTIONS = tuple(action for action in RecoveryAction if action is not RecoveryAction.OTHER)
"""In the order of NVML's numbers."""
_FABRIC_STATES = {1: FabricState.NOT_STARTED, 2: FabricState.IN_PROGRESS, 3: FabricState.COMPLETED}
_RECOVERY_FIELD = 230
_MEMORY_V2 = 0x02000028
_TEMPERATURE_GPU = 0


def read_telemetry(handles: Handles) -> Telemetry:
    """One round over all readable GPUs; problems are found anew each round."""
    readings: list[Reading] = []
    problems: list[Problem] = list(handles.problems)
    for uuid, handle in handles.by_uuid.items():
        ask = Asker(uuid)
        try:
            readings.append(_read_gpu(ask, handle))
        except GpuFailed as failed:
            problems.append(Problem(failed.code, uuid, failed.evidence))
        problems.extend(ask.problems)
    return Telemetry(time.clock_gettime(time.CLOCK_BOOTTIME), tuple(readings), tuple(problems))


def _read_gpu(ask: Asker, handle: Handle) -> Reading:
    links = active_nvlinks(ask, handle)
    held = read_processes(ask, handle)
    return Reading(
        uuid=ask.gpu,
        utilisation_percent=ask(lambda: int(api.nvmlDeviceGetUtilizationRates(handle).gpu)),
        memory_used_bytes=_memory_used_bytes(ask, handle),
        power_milliwatts=ask(lambda: api.nvmlDeviceGetPowerUsage(handle)),
        power_limit_milliwatts=ask(lambda: api.nvmlDeviceGetEnforcedPowerLimit(handle)),
        energy_millijoules=ask(lambda: api.nvmlDeviceGetTotalEnergyConsumption(handle)),
        temperature_celsius=_temperature(ask, handle),
        temperature_margin_celsius=ask(lambda: api.nvmlDeviceGetMarginTemperature(handle)),
        sm_clock_megahertz=ask(lambda: api.nvmlDeviceGetClockInfo(handle, api.NVML_CLOCK_SM)),
        memory_clock_megahertz=ask(lambda: api.nvmlDeviceGetClockInfo(handle, api.NVML_CLOCK_MEM)),
        throttle_reasons=_throttle_reasons(ask, handle),
        ecc_corrected=_ecc(ask, handle, api.NVML_MEMORY_ERROR_TYPE_CORRECTED),
        ecc_uncorrected=_ecc(ask, handle, api.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
        remapped_rows=_remapped_rows(ask, handle),
        retired_pages_pending=_flag(ask(lambda: api.nvmlDeviceGetRetiredPagesPendingStatus(handle))),
        recovery_action=_recovery_action(ask, handle),
        pcie_width=ask(lambda: api.nvmlDeviceGetCurrPcieLinkWidth(handle)),
        pcie_replays=ask(lambda: api.nvmlDeviceGetPcieReplayCounter(handle)),
        nvlinks_active=None if links is None else len(links),
        nvlink_crc_errors=_crc_errors(ask, handle, links),
        fabric_state=_fabric_state(ask, handle),
        persistence_mode=_flag(ask(lambda: api.nvmlDeviceGetPersistenceMode(handle))),
        processes=None if held is None else tuple(GpuProcess(pid, used) for pid, used in held.items()),
    )


def _memory_used_bytes(ask: Asker, handle: Handle) -> int | None:
    """Without the driver's own reserve where it says so; the older call counts the reserve as used."""
    return ask(
        lambda: int(api.nvmlDeviceGetMemoryInfo(handle, _MEMORY_V2).used),
        lambda: int(api.nvmlDeviceGetMemoryInfo(handle).used),
    )


def _temperature(ask: Asker, handle: Handle) -> int | None:
    return ask(
        lambda: int(api.nvmlDeviceGetTemperatureV(handle, _TEMPERATURE_GPU)),
        lambda: int(api.nvmlDeviceGetTemperature(handle, _TEMPERATURE_GPU)),
    )


def _throttle_reasons(ask: Asker, handle: Handle) -> tuple[ThrottleReason, ...] | None:
    bits = ask(
        lambda: int(api.nvmlDeviceGetCurrentClocksEventReasons(handle)),
        lambda: int(api.nvmlDeviceGetCurrentClocksThrottleReasons(handle)),
    )
    return None if bits is None else tuple(reason for reason, bit in THROTTLE_BITS.items() if bits & bit)


def _ecc(ask: Asker, handle: Handle, kind: int) -> int | None:
    return ask(lambda: int(api.nvmlDeviceGetTotalEccErrors(handle, kind, api.NVML_VOLATILE_ECC)))


def _remapped_rows(ask: Asker, handle: Handle) -> RemappedRows | None:
    rows = ask(lambda: api.nvmlDeviceGetRemappedRows(handle))
    if rows is None:
        return None
    correctable, uncorrectable, pending, failed = rows
    return RemappedRows(correctable, uncorrectable, bool(pending), bool(failed))


def _recovery_action(ask: Asker, handle: Handle) -> RecoveryAction | None:
    """A field: refused by its own return code, never by an exception."""
    values = ask(lambda: api.nvmlDeviceGetFieldValues(handle, [_RECOVERY_FIELD]))
    if values is None or values[0].nvmlReturn != api.NVML_SUCCESS:
        return None
    number = int(values[0].value.uiVal)
    return _ACTIONS[number] if number < len(_ACTIONS) else RecoveryAction.OTHER


def _crc_errors(ask: Asker, handle: Handle, links: list[int] | None) -> int | None:
    """Sum over the links that count; newer links have no such counter."""
    crc = api.NVML_NVLINK_ERROR_DL_CRC_FLIT
    counts = [ask(partial(api.nvmlDeviceGetNvLinkErrorCounter, handle, link, crc)) for link in links or ()]
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


def _fabric_state(ask: Asker, handle: Handle) -> FabricState | None:
    """None for a GPU that joins no fabric."""
    info = api.c_nvmlGpuFabricInfo_v2_t()
    asked = ask(lambda: int(api.nvmlDeviceGetGpuFabricInfoV(handle, ctypes.byref(info))))
    if asked is None or info.state not in _FABRIC_STATES:
        return None
    state = _FABRIC_STATES[info.state]
    joined = state is not FabricState.COMPLETED or info.status == api.NVML_SUCCESS
    return state if joined else FabricState.FAILED


def _flag(number: int | None) -> bool | None:
    return None if number is None else bool(number)
