"""What a simulated GPU's gauges show: busy while a process holds it, warm by what it draws, energy never going back."""

from bostan_agent.devices.models import Model
from bostan_agent.devices.values import GpuProcess, Reading, RecoveryAction, RemappedRows, ThrottleReason

_ROOM_CELSIUS = 24
_LIMIT_CELSIUS = 85
_BUSY_PERCENT = 92
_BUSY_SHARE_PERCENT = 80
"""Of the power limit, drawn by a busy GPU."""


class Meter:
    """The gauges of one GPU, with the energy drawn since it was made. Between two readings the load is taken as the
    earlier one showed it."""

    def __init__(self, model: Model, now: float) -> None:
        self._model = model
        self._read_at = now
        self._milliwatts = model.idle_watts * 1000
        self._millijoules = 0.0

    def read(self, uuid: str, held: frozenset[int] | None, now: float) -> Reading:
        """The reading at `now` (seconds), with these processes on the GPU (None: they could not be listed)."""
        pids = held or frozenset()
        self._millijoules += self._milliwatts * max(0.0, now - self._read_at)
        self._read_at = now
        self._milliwatts = self._draw(busy=bool(pids))
        celsius = _ROOM_CELSIUS + self._milliwatts * 45 // (self._model.limit_watts * 1000)
        return Reading(
            uuid=uuid,
            utilisation_percent=_BUSY_PERCENT if pids else 0,
            memory_used_bytes=self._held_bytes(pids) * len(pids),
            power_milliwatts=self._milliwatts,
            power_limit_milliwatts=self._model.limit_watts * 1000,
            energy_millijoules=int(self._millijoules),
            temperature_celsius=celsius,
            temperature_margin_celsius=_LIMIT_CELSIUS - celsius,
            sm_clock_megahertz=1700 if pids else 345,
            memory_clock_megahertz=2600 if pids else 405,
            throttle_reasons=() if pids else (ThrottleReason.IDLE,),
            ecc_corrected=0 if self._model.ecc else None,
            ecc_uncorrected=0 if self._model.ecc else None,
            remapped_rows=RemappedRows(0, 0, pending=False, failed=False) if self._model.ecc else None,
            recovery_action=RecoveryAction.NONE,
            pcie_width=16,
            pcie_replays=0,
            nvlinks_active=self._model.nvlinks or None,
            nvlink_crc_errors=0 if self._model.nvlinks else None,
            persistence_mode=True,
            processes=None if held is None else self._listed(held),
        )

    def _draw(self, busy: bool) -> int:
        watts = self._model.limit_watts * _BUSY_SHARE_PERCENT // 100 if busy else self._model.idle_watts
        return watts * 1000

    def _held_bytes(self, pids: frozenset[int]) -> int:
        """By each process: together they hold half of the memory."""
        return self._model.memory_bytes // 2 // len(pids) if pids else 0

    def _listed(self, pids: frozenset[int]) -> tuple[GpuProcess, ...]:
        return tuple(GpuProcess(pid, self._held_bytes(pids)) for pid in sorted(pids))
