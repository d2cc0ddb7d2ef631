"""From what was remembered and what was read to what is thought now. Pure: the readings carry the time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bostan_agent.devices.port import Gpu, Inventory, Reading, Telemetry, XidTally
from bostan_agent.health.policy import Policy
from bostan_agent.health.rules import GPU_MISSING, SLOWDOWNS, Facts, Shown, hidden, signs_shown
from bostan_agent.health.verdict import AppError, Finding, GpuHealth, Severity

Memory = Mapping[str, GpuHealth]
"""What is thought of each GPU, by UUID (by PCI address for one that tells no UUID)."""

_UUID_PREFIX = "GPU-"
"""What is remembered under another name had told no UUID; it is forgotten once nothing complains of it."""
_SLOWDOWNS_MAX = 1000
"""Instants kept of one GPU, whatever the window."""


def assess(
    policy: Policy, memory: Memory, inventory: Inventory, telemetry: Telemetry
) -> dict[str, GpuHealth]:
    """What is thought of each GPU of the node after this round of readings."""
    gpus = {gpu.uuid: gpu for gpu in inventory.gpus}
    readings = {reading.uuid: reading for reading in telemetry.readings}
    problems = inventory.problems + telemetry.problems
    remembered = [name for name in memory if name.startswith(_UUID_PREFIX)]
    known = [*gpus, *readings, *(problem.gpu for problem in problems), *remembered]
    health = {}
    for name in dict.fromkeys(known):
        before = _after_reset(memory.get(name, GpuHealth(name)), readings.get(name), telemetry.at_seconds)
        before = _with_slowdowns(policy, before, readings.get(name), telemetry.at_seconds)
        facts = Facts(
            gpu=gpus.get(name),
            problems=tuple(dict.fromkeys(problem for problem in problems if problem.gpu == name)),
            now=readings.get(name),
            before=before.previous,
            seconds=telemetry.at_seconds - before.previous_at_seconds,
            peers=_peers(gpus, readings, name),
            slowdowns=len(before.slowdowns_seconds),
        )
        health[name] = _judged(policy, before, facts, telemetry.at_seconds)
    return health


def assess_unread(
    policy: Policy, memory: Memory, code: str, evidence: str, now: float
) -> dict[str, GpuHealth]:
    """What is thought while the devices could not be read: what was, and that (`devices-hung`, `devices-unread`)."""
    unread = _as_finding(policy, Shown(code, evidence), now)
    return {name: replace(each, findings=_joined(each.findings, unread)) for name, each in memory.items()}


def clear(memory: Memory, gpu: str, now: float) -> dict[str, GpuHealth]:
    """An operator says that the GPU is well: latched findings and XIDs up to now are forgiven; gauges are not.

    A GPU that is missing is forgotten: the operator says that it was taken out.
    """
    kept = {name: each for name, each in memory.items() if name != gpu}
    if gpu not in memory or any(finding.code == GPU_MISSING for finding in memory[gpu].findings):
        return kept
    return kept | {gpu: _forgiven(memory[gpu], now)}


def _forgiven(health: GpuHealth, now: float) -> GpuHealth:
    findings = tuple(finding for finding in health.findings if not finding.latched)
    return replace(health, findings=findings, app_errors=(), cleared_at_seconds=now)


def _after_reset(before: GpuHealth, now: Reading | None, at_seconds: float) -> GpuHealth:
    """The energy counter starts anew when the GPU is reset or its driver reloaded: old sins are gone with it."""
    earlier = before.previous.energy_millijoules if before.previous else None
    later = now.energy_millijoules if now else None
    if earlier is None or later is None or later >= earlier:
        return before
    return _forgiven(replace(before, previous=None), at_seconds)


def _with_slowdowns(policy: Policy, before: GpuHealth, now: Reading | None, at_seconds: float) -> GpuHealth:
    recent = [at for at in before.slowdowns_seconds if at > at_seconds - policy.slowdown_window_seconds]
    if now is not None and SLOWDOWNS & set(now.throttle_reasons or ()):
        recent.append(at_seconds)
    return replace(before, slowdowns_seconds=tuple(recent[-_SLOWDOWNS_MAX:]))


def _peers(gpus: Mapping[str, Gpu], readings: Mapping[str, Reading], name: str) -> tuple[Reading, ...]:
    if name not in gpus:
        return ()
    return tuple(readings[uuid] for uuid in gpus if uuid in readings and gpus[uuid].name == gpus[name].name)


def _judged(policy: Policy, before: GpuHealth, facts: Facts, at_seconds: float) -> GpuHealth:
    xids = [
        tally
        for tally in (facts.now.xids if facts.now else ())
        if tally.last_seen_seconds > before.cleared_at_seconds
    ]
    shown = [_as_finding(policy, sign, at_seconds) for sign in signs_shown(policy.signs, facts)]
    told = facts.now is not None and not hidden(facts)
    merged = _merged(before.findings, [*shown, *_xid_findings(policy, xids)])
    return replace(
        before,
        findings=tuple(each for each in merged if _stays(policy, each)),
        app_errors=_app_errors(policy, before.app_errors, xids),
        previous=facts.now if told else before.previous,
        previous_at_seconds=at_seconds if told else before.previous_at_seconds,
    )


def _as_finding(policy: Policy, shown: Shown, at_seconds: float) -> Finding:
    sign = policy.signs.of(shown.code)
    return Finding(
        shown.code, sign.verdict, sign.action, shown.evidence, at_seconds, at_seconds, latched=sign.latch
    )


def _xid_findings(policy: Policy, xids: Iterable[XidTally]) -> Iterable[Finding]:
    for tally in xids:
        means = policy.xid(tally.xid)
        evidence = f"XID {tally.xid} seen {tally.count}×: {means.why}"
        first, last = tally.first_seen_seconds, tally.last_seen_seconds
        yield Finding(f"xid-{tally.xid}", means.verdict, means.action, evidence, first, last, latched=True)


def _joined(before: tuple[Finding, ...], unread: Finding) -> tuple[Finding, ...]:
    """Findings as they were: what was not looked at is no good sample."""
    others = tuple(finding for finding in before if finding.code != unread.code)
    return others + _merged(_only(before, unread.code), [unread])


def _only(before: tuple[Finding, ...], code: str) -> tuple[Finding, ...]:
    return tuple(finding for finding in before if finding.code == code)


def _merged(before: tuple[Finding, ...], shown: list[Finding]) -> tuple[Finding, ...]:
    """What was found before, each with its sign shown again or one more good sample; then what is new."""
    of_now = {finding.code: finding for finding in shown if finding.severity in _JUDGED}
    kept = []
    for old in before:
        new = of_now.pop(old.code, None)
        if new is None:
            kept.append(replace(old, good_samples=old.good_samples + 1))
        else:
            kept.append(replace(new, first_seen_seconds=old.first_seen_seconds))
    return (*kept, *of_now.values())


_JUDGED = frozenset({Severity.WARNED, Severity.DRAINING, Severity.FAILED})


def _stays(policy: Policy, finding: Finding) -> bool:
    return finding.latched or finding.good_samples < policy.good_samples_to_clear


def _app_errors(
    policy: Policy, before: tuple[AppError, ...], xids: Iterable[XidTally]
) -> tuple[AppError, ...]:
    errors = {error.xid: error for error in before}
    for tally in xids:
        means = policy.xid(tally.xid)
        if means.verdict is Severity.JOB:
            first, last = tally.first_seen_seconds, tally.last_seen_seconds
            errors[tally.xid] = AppError(tally.xid, means.why, tally.count, first, last)
    return tuple(errors.values())
