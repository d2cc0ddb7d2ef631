"""A node of a park: its GPUs, how they do, and whether it is heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bostan_scheduler.core.instant import Instant

SEVENTHS = 7
"""Into how many compute slices MIG cuts a GPU."""


class Verdict(StrEnum):
    """The agent's word on a GPU."""

    HEALTHY = "healthy"
    WARNED = "warned"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A device by its NVML UUID. GPUs with the same `link_group` reach each other over NVLink or one PCIe switch.

    A MIG instance is a device too: `profile` says its size, `cut_from` the UUID of its GPU, whose `name` it bears.
    """

    uuid: str
    name: str
    memory_bytes: int
    default_class: str | None
    link_group: int = 0
    verdict: Verdict = Verdict.HEALTHY
    findings: tuple[str, ...] = ()
    profile: str = ""
    cut_from: str = ""

    @property
    def usable(self) -> bool:
        """Whether something new may start on it."""
        return self.verdict in (Verdict.HEALTHY, Verdict.WARNED)

    def class_by(self, class_of_device: Mapping[str, str]) -> str | None:
        """The class that it counts as when these devices' classes were set by name; a slice's has its profile."""
        named = class_of_device.get(self.name)
        if named is None:
            return self.default_class
        return f"{named}/{self.profile}" if self.profile else named


def is_slice(gpu_class: str) -> bool:
    """Whether a class is one of MIG instances: `a100-80g/1g.10gb` is cut from GPUs of the class `a100-80g`."""
    whole, _, profile = gpu_class.rpartition("/")
    return bool(whole) and "." in profile


@lru_cache(maxsize=1024)
def sevenths(gpu_class: str) -> int:
    """How much of a GPU one of a class is, in sevenths: as many as its profile says where it is a slice, else all."""
    profile = gpu_class.rpartition("/")[2] if is_slice(gpu_class) else ""
    parts, _, _ = profile.partition("g.")
    return min(int(parts), SEVENTHS) if parts.isdecimal() else SEVENTHS


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
