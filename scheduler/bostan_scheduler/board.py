"""What this front has just heard and nobody keeps: the GPUs' gauges, and that there are new events."""

import threading
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.files.bells import Bell, Bells


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU's gauges; absent: the device does not say."""

    utilisation_percent: int | None = None
    memory_used_bytes: int | None = None
    power_milliwatts: int | None = None
    temperature_celsius: int | None = None


@dataclass(frozen=True, slots=True)
class NodeReading:
    """The gauges of a node's GPUs by UUID, as heard at `at`."""

    at: Instant
    gpus: Mapping[str, GpuReading]


@dataclass(slots=True)
class Telemetry:
    """Each node's newest gauges. Values are replaced, never changed, so that readers need no lock."""

    nodes_max: int = 10_000
    _nodes: dict[str, NodeReading] = field(default_factory=dict)

    def put(self, node_id: str, at: Instant, gpus: Mapping[str, GpuReading]) -> None:
        """A node has sent its gauges. Beyond `nodes_max` the one heard longest ago is forgotten."""
        self._nodes.pop(node_id, None)
        while len(self._nodes) >= self.nodes_max:
            del self._nodes[next(iter(self._nodes))]
        self._nodes[node_id] = NodeReading(at, gpus)

    def of(self, node_id: str) -> NodeReading | None:
        """What was last heard of a node."""
        return self._nodes.get(node_id)

    def forget(self, node_id: str) -> None:
        """The node's session has ended: its gauges mean nothing any more."""
        self._nodes.pop(node_id, None)


class EventSignal:
    """Wakes the watchers of events when more were committed."""

    def __init__(self) -> None:
        self._bells = Bells()
        self._lock = threading.Lock()
        self._up_to = 0

    @property
    def up_to(self) -> int:
        """The newest `seq` heard of; there may be newer ones that nobody has told this front yet."""
        return self._up_to

    def tell(self, up_to: int) -> None:
        """Events up to this `seq` are committed."""
        with self._lock:
            if up_to <= self._up_to:
                return
            self._up_to = up_to
        self._bells.ring("events")

    async def wait_beyond(self, seq: int, timeout_seconds: float) -> bool:
        """Wait until events after `seq` are known of, at most so long; whether they are."""
        with self._bells.waiting("events") as bell:
            return self._up_to > seq or await self._heard(bell, seq, timeout_seconds)

    async def _heard(self, bell: Bell, seq: int, timeout_seconds: float) -> bool:
        await bell.heard_within(timeout_seconds)
        return self._up_to > seq


@dataclass(slots=True)
class LinkState:
    """How this front's link to the agents stands: whoever opens it puts it in, metrics read it."""

    sessions: Sized = ()
    epoch: Callable[[], int] = lambda: 0
    """The epoch of the leader that the front follows; 0 while it follows none."""
