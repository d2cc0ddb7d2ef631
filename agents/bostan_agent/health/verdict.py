"""What is thought of a GPU, and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bostan_agent.devices.port import Reading


class Action(StrEnum):
    """What an operator should do."""

    NONE = "none"
    RESTART_JOB = "restart-job"
    RESET_GPU = "reset-gpu"
    REBOOT_NODE = "reboot-node"
    REPLACE = "replace"


class Severity(StrEnum):
    """How much a sign weighs, lightest first."""

    IGNORED = "ignored"
    JOB = "job"
    """The job that ran there did it; the GPU is not to blame."""
    WARNED = "warned"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to think ill of a GPU. Instants are CLOCK_BOOTTIME seconds.

    A latched finding stays until the GPU was reset, the node rebooted, or an operator cleared it; another goes
    after `good_samples` readings in a row without its sign.
    """

    code: str
    severity: Severity
    action: Action
    evidence: str
    first_seen_seconds: float
    last_seen_seconds: float
    latched: bool = False
    good_samples: int = 0


@dataclass(frozen=True, slots=True)
class AppError:
    """An XID that programs cause. It belongs in the record of the job that held the GPU at those instants."""

    xid: int
    why: str
    count: int
    first_seen_seconds: float
    last_seen_seconds: float


@dataclass(frozen=True, slots=True)
class Healthy:
    """Nothing is known against the GPU."""


@dataclass(frozen=True, slots=True)
class Warned:
    """In service, and somebody should look at it."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Draining:
    """Whoever holds it may finish; nobody gets it after."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Not to be used. What runs on it is lost, or its results are not to be trusted."""

    findings: tuple[Finding, ...]


Verdict = Healthy | Warned | Draining | Failed


@dataclass(frozen=True, slots=True)
class GpuHealth:
    """All that is remembered of one GPU between two readings.

    `gpu` is its UUID, or its PCI address where it has not told one. `previous` is its last reading, taken at
    `previous_at_seconds`. XIDs up to `cleared_at_seconds` are forgiven.
    """

    gpu: str
    findings: tuple[Finding, ...] = ()
    app_errors: tuple[AppError, ...] = ()
    slowdowns_seconds: tuple[float, ...] = ()
    cleared_at_seconds: float = 0.0
    previous: Reading | None = None
    previous_at_seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The gravest of the findings decides; all are told."""
        severities = {finding.severity for finding in self.findings}
        if Severity.FAILED in severities:
            return Failed(self.findings)
        if Severity.DRAINING in severities:
            return Draining(self.findings)
        return Warned(self.findings) if self.findings else Healthy()

    @property
    def reason_not_to_place(self) -> str | None:
        """Why nobody new gets this GPU; None where it may be had."""
        match self.verdict:
            case Healthy() | Warned():
                return None
            case Draining(findings) | Failed(findings):
                grave = (each for each in findings if each.severity is not Severity.WARNED)
                return "; ".join(f"{each.code}: {each.evidence}" for each in grave)
            case unreachable:
                assert_never(unreachable)
