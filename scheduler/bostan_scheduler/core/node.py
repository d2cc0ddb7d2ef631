"""A node of a park: its GPUs, how they do, and whether it is heard."""

from dataclasses import dataclass
from enum import StrEnum

from bostan_scheduler.core.instant import Instant


class Verdict(StrEnum):
    """The agent's word on a GPU."""

    HEALTHY = "healthy"
    WARNED = "warned"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A device by its NVML UUID. GPUs with the same `link_group` reach each other over NVLink or one PCIe switch."""

    uuid: str
    name: str
    memory_bytes: int
    default_class: str | None
    link_group: int = 0
    verdict: Verdict = Verdict.HEALTHY
    findings: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether something new may start on it."""
        return self.verdict in (Verdict.HEALTHY, Verdict.WARNED)


@dataclass(frozen=True, slots=True)
class Heard:
    """Its session is alive."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing was heard of it for too long; what it runs may run on."""

    since: Instant


Session = Heard | Silent


@dataclass(frozen=True, slots=True)
class Drain:
    """Nothing new starts on it."""

    since: Instant
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of a park. `id` is `park/name`; `boot_id` changes when it reboots, `boots_before` are the latest past ones."""

    id: str
    park: str
    name: str
    boot_id: str
    session: Session
    gpus: tuple[Gpu, ...]
    cpus: int
    memory_bytes: int
    address: str = ""
    agent_version: str = ""
    driver_version: str = ""
    isolation: str = "none"
    problems: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    drain: Drain | None = None
    boots_before: tuple[str, ...] = ()
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether something new may start on it."""
        return isinstance(self.session, Heard) and self.drain is None


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """How far a node's journal is acknowledged. A wiped journal has another id and begins anew."""

    node_id: str
    journal_id: str
    acked_seq: int
