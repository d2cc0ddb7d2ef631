"""Parks, nodes and GPUs, as the contract shows them, with what this front has just heard of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bostan import api

from bostan_scheduler.board import GpuReading, Telemetry
from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.node import Gpu, Node, Silent, Verdict
from bostan_scheduler.core.snapshot import Park

_NO_READING = GpuReading()


@dataclass(frozen=True, slots=True)
class Pool:
    """The nodes, who holds their GPUs, and what their devices count as."""

    holders: Mapping[str, str]
    class_of_device: Mapping[str, str]
    telemetry: Telemetry

    def gpu_class(self, gpu: Gpu) -> str | None:
        """The class that a device counts as."""
        return gpu.class_by(self.class_of_device)


def holders(attempts: Iterable[Attempt]) -> dict[str, str]:
    """The job that holds each GPU, by UUID."""
    return {
        gpu: attempt.job_id
        for attempt in attempts
        if attempt.holds
        for place in attempt.places
        for gpu in place.gpus
    }


def gpu_model(pool: Pool, node: Node, gpu: Gpu) -> api.Gpu:
    """A device, with its newest gauges."""
    heard = pool.telemetry.of(node.id)
    reading = heard.gpus.get(gpu.uuid, _NO_READING) if heard else _NO_READING
    return api.Gpu(
        uuid=gpu.uuid,
        node=node.id,
        park=node.park,
        name=gpu.name,
        gpu_class=pool.gpu_class(gpu),
        memory_bytes=gpu.memory_bytes,
        verdict=gpu.verdict,
        state=gpu_state(pool, node, gpu),
        job=pool.holders.get(gpu.uuid),
        findings=gpu.findings,
        utilisation_percent=reading.utilisation_percent,
        memory_used_bytes=reading.memory_used_bytes,
        power_milliwatts=reading.power_milliwatts,
        temperature_celsius=reading.temperature_celsius,
    )


def gpu_state(pool: Pool, node: Node, gpu: Gpu) -> str:
    """The one word for people: what keeps something new from it, or free."""
    if isinstance(node.session, Silent):
        return "silent"
    if gpu.uuid in pool.holders:
        return "held"
    if gpu.verdict is Verdict.FAILED:
        return "unhealthy"
    return "draining" if node.drain is not None or gpu.verdict is Verdict.DRAINING else "free"


def node_model(pool: Pool, node: Node, heard_at: Mapping[str, Instant]) -> api.Node:
    """A machine and its GPUs."""
    heard = pool.telemetry.of(node.id)
    instants = (heard_at.get(node.id, 0), heard.at if heard else 0)
    # Without news of heartbeats, the session's begin (or the silence's) is what is known.
    last_heard_at = max(instants) or node.session.since
    return api.Node(
        id=node.id,
        park=node.park,
        name=node.name,
        state=node_state(pool, node),
        agent_version=node.agent_version,
        driver_version=node.driver_version,
        isolation=node.isolation,
        cpus=node.cpus,
        memory_bytes=node.memory_bytes,
        last_heard_at=last_heard_at,
        gpus=tuple(gpu_model(pool, node, gpu) for gpu in node.gpus),
        problems=node.problems,
        labels=dict(node.labels),
    )


def node_state(pool: Pool, node: Node) -> str:
    """The one word for people."""
    if isinstance(node.session, Silent):
        return "silent"
    if node.drain is None:
        return "ready"
    return "draining" if any(gpu.uuid in pool.holders for gpu in node.gpus) else "drained"


def park_model(
    pool: Pool, park: Park, nodes: Iterable[Node], windows: tuple[api.Window, ...] = ()
) -> api.Park:
    """A site, how many of its nodes and GPUs there are, and when not all of them are for everybody."""
    own = [node for node in nodes if node.park == park.id]
    gpus = [(node, gpu) for node in own for gpu in node.gpus]
    return api.Park(
        id=park.id,
        name=park.name,
        nodes=len(own),
        nodes_silent=sum(isinstance(node.session, Silent) for node in own),
        gpus=len(gpus),
        gpus_free=sum(gpu_state(pool, node, gpu) == "free" for node, gpu in gpus),
        windows=windows,
    )
