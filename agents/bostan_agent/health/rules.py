"""Which signs a GPU shows: one small function a sign, each with the evidence it found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bostan_agent.devices.port import (
    FabricState,
    Gpu,
    Problem,
    ProblemCode,
    Reading,
    RecoveryAction,
    ThrottleReason,
)
from bostan_agent.health.policy import Limit, Signs

SLOWDOWNS = frozenset({ThrottleReason.HARDWARE_THERMAL, ThrottleReason.HARDWARE_POWER_BRAKE})
GPU_MISSING = "gpu-missing"
_BUSY_PERCENT = 90
"""From here on a GPU's clock says something about its health."""
_RESETS = frozenset({RecoveryAction.RESET_GPU, RecoveryAction.DRAIN_AND_RESET, RecoveryAction.RESET_BUS})
_REBOOTS = frozenset({RecoveryAction.REBOOT_NODE, RecoveryAction.REBOOT_SYSTEM})


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the rules may look at for one GPU.

    `peers` are the readings of the node's GPUs of the same name, this one's included; `seconds` lie between `before`
    and `now`; `slowdowns` counts the readings within the policy's window that showed one.
    """

    gpu: Gpu | None
    problems: tuple[Problem, ...]
    now: Reading | None
    before: Reading | None
    seconds: float
    peers: tuple[Reading, ...]
    slowdowns: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A sign that a GPU shows."""

    code: str
    evidence: str


def signs_shown(signs: Signs, facts: Facts) -> Iterator[Shown]:
    """Every sign that holds now."""
    yield from _problems(facts)
    if facts.now is None:
        return
    for code, rule in _GAUGES.items():
        evidence = rule(facts, facts.now)
        if evidence is not None:
            yield Shown(code, evidence)
    for code, limited in _LIMITS.items():
        limit = signs.of(code)
        assert isinstance(limit, Limit)
        evidence = limited(facts, facts.now, limit.limit)
        if evidence is not None:
            yield Shown(code, evidence)


def hidden(facts: Facts) -> bool:
    """Whether a problem keeps the whole GPU from being read."""
    return any(problem.code is not ProblemCode.CALL_FAILED for problem in facts.problems)


def _problems(facts: Facts) -> Iterator[Shown]:
    for problem in facts.problems:
        yield Shown(problem.code.value, problem.evidence)
    if facts.gpu is None and not hidden(facts):
        yield Shown(GPU_MISSING, "it was here since the node booted, and the driver lists it no more")


def _recovery(wanted: frozenset[RecoveryAction]) -> "Gauge":
    def rule(_: Facts, now: Reading) -> str | None:
        return f"the driver says: {now.recovery_action}" if now.recovery_action in wanted else None

    return rule


def _remap_failed(_: Facts, now: Reading) -> str | None:
    rows = now.remapped_rows
    return "no spare row was left for a bad one" if rows and rows.failed else None


def _remap_pending(_: Facts, now: Reading) -> str | None:
    rows = now.remapped_rows
    return "a bad row is remapped at the next reset" if rows and rows.pending else None


def _retired_pages_pending(_: Facts, now: Reading) -> str | None:
    return "bad pages are retired at the next reboot" if now.retired_pages_pending else None


def _nvlink_down(facts: Facts, now: Reading) -> str | None:
    best = max((peer.nvlinks_active or 0 for peer in facts.peers), default=0)
    mine = now.nvlinks_active
    return f"{mine} NVLinks are up, {best} on its best peer" if mine is not None and mine < best else None


def _fabric_not_joined(_: Facts, now: Reading) -> str | None:
    state = now.fabric_state
    joined = state is None or state is FabricState.COMPLETED
    return None if joined else f"joining the NVLink fabric is {state}: no program can use the GPU"


def _pcie_width(facts: Facts, now: Reading) -> str | None:
    """The width does not save power as the generation does: it is judged at any time."""
    most = facts.gpu.pcie_width_max if facts.gpu else None
    if now.pcie_width is None or most is None or now.pcie_width >= most:
        return None
    return f"PCIe runs {now.pcie_width} lanes wide of {most}"


def _mig_empty(facts: Facts, _: Reading) -> str | None:
    empty = facts.gpu is not None and facts.gpu.mig_enabled and not facts.gpu.mig_instances
    return "MIG is on and no instance was made: nothing can run here" if empty else None


def _persistence_off(_: Facts, now: Reading) -> str | None:
    return "persistence mode is off" if now.persistence_mode is False else None


def _uncorrectable_rows(_: Facts, now: Reading, limit: float) -> str | None:
    rows = now.remapped_rows
    bad = rows is not None and rows.uncorrectable >= limit
    return f"{rows.uncorrectable} rows were remapped for uncorrectable errors" if rows and bad else None


def _growth(before: int | None, now: int | None) -> int:
    """What a counter gained; nothing where it was reset or is not told."""
    return 0 if before is None or now is None else max(0, now - before)


def _ecc_uncorrected(facts: Facts, now: Reading, limit: float) -> str | None:
    new = _growth(facts.before.ecc_uncorrected if facts.before else None, now.ecc_uncorrected)
    return f"{new} new uncorrected memory errors, {now.ecc_uncorrected} in all" if new >= limit else None


def _nvlink_crc(facts: Facts, now: Reading, limit: float) -> str | None:
    new = _growth(facts.before.nvlink_crc_errors if facts.before else None, now.nvlink_crc_errors)
    rate = new / facts.seconds if facts.seconds > 0 else 0.0
    return f"{rate:.0f} NVLink checksum errors a second" if rate >= limit else None


def _pcie_replays(facts: Facts, now: Reading, limit: float) -> str | None:
    new = _growth(facts.before.pcie_replays if facts.before else None, now.pcie_replays)
    return f"{new} PCIe replays in {facts.seconds:.0f} s" if new >= limit else None


def _hardware_slowdown(facts: Facts, _: Reading, limit: float) -> str | None:
    found = facts.slowdowns
    return f"heat or power held its clocks down in {found} readings of late" if found >= limit else None


def _temperature_margin(_: Facts, now: Reading, limit: float) -> str | None:
    margin = now.temperature_margin_celsius
    return f"{margin} °C left to its limit" if margin is not None and margin <= limit else None


def _clock_behind(facts: Facts, now: Reading, limit: float) -> str | None:
    """Among GPUs that work, one that is much slower than the fastest holds a whole gang back."""
    busy = [peer for peer in facts.peers if (peer.utilisation_percent or 0) >= _BUSY_PERCENT]
    best = max((peer.sm_clock_megahertz or 0 for peer in busy), default=0)
    mine = now.sm_clock_megahertz
    behind = now in busy and mine is not None and mine * 100 < best * limit
    return f"its clock is {mine} MHz under load, {best} MHz on its best peer" if behind else None


Gauge = Callable[[Facts, Reading], str | None]
LimitedGauge = Callable[[Facts, Reading, float], str | None]

_GAUGES: dict[str, Gauge] = {
    "recovery-reset": _recovery(_RESETS),
    "recovery-reboot": _recovery(_REBOOTS),
    "recovery-other": _recovery(frozenset(RecoveryAction) - _RESETS - _REBOOTS - {RecoveryAction.NONE}),
    "remap-failed": _remap_failed,
    "remap-pending": _remap_pending,
    "retired-pages-pending": _retired_pages_pending,
    "nvlink-down": _nvlink_down,
    "fabric-not-joined": _fabric_not_joined,
    "pcie-width": _pcie_width,
    "mig-empty": _mig_empty,
    "persistence-off": _persistence_off,
}
_LIMITS: dict[str, LimitedGauge] = {
    "uncorrectable-rows": _uncorrectable_rows,
    "ecc-uncorrected": _ecc_uncorrected,
    "nvlink-crc": _nvlink_crc,
    "hardware-slowdown": _hardware_slowdown,
    "temperature-margin": _temperature_margin,
    "clock-behind": _clock_behind,
    "pcie-replays": _pcie_replays,
}
