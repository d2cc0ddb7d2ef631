"""How faults come over the agents, and how they pass."""

from dataclasses import dataclass

from bostan_scheduler.core.attempt import RankAccepted, RankExited, RankStarted
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.reports import (
    DrainAsked,
    NodeConfirmedDead,
    NodeConnected,
    NodeHolds,
    RankHeld,
    Report,
    UndrainAsked,
)
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.agenda import Confirms, LeaseEnds, Passes, Tick
from bostan_scheduler.sim.agents import Agents
from bostan_scheduler.sim.faults import Fault, LinkCut, NodeFails, NodeMaintained

OPERATOR = "operator"


@dataclass(slots=True)
class Trouble:
    """Faults as they come and go."""

    agents: Agents
    boots: int = 0

    def begins(self, view: Snapshot, heard: dict[str, Instant], fault: Fault) -> list[Report]:
        """A fault comes: what the centre is told of it now."""
        if fault.until is not None:
            self.agents.agenda.put(fault.until, Passes(fault))
        if isinstance(fault, NodeMaintained):
            return [DrainAsked(fault.node_id, OPERATOR, "maintenance", requeue=True)]
        heard[fault.node_id] = view.now
        self.agents.agenda.put(after(view.now, view.settings.silence_seconds) + 1, Tick())
        if isinstance(fault, LinkCut):
            self.agents.lines.cut(fault.node_id)
        else:
            self._fail(view, fault)
        self._leases_will_end(view, fault.node_id)
        return []

    def _fail(self, view: Snapshot, fault: NodeFails) -> None:
        """The node's ranks are gone; their peers wait for them and do nothing."""
        self.agents.lines.off.add(fault.node_id)
        if fault.confirmed_at is not None:
            self.agents.agenda.put(fault.confirmed_at, Confirms(fault.node_id))
        for life in self.agents.lives.values():
            if fault.node_id in view.attempts[life.attempt_id].node_ids:
                life.halt(view.now)

    def _leases_will_end(self, view: Snapshot, node_id: str) -> None:
        for life in self.agents.lives.values():
            attempt = view.attempts[life.attempt_id]
            if node_id in attempt.node_ids and attempt.lease is not None:
                until = attempt.lease.until
                self.agents.agenda.put(until, LeaseEnds(attempt.id))
                self.agents.agenda.put(after(until, view.settings.lease_margin_seconds), Tick())

    def passes(self, view: Snapshot, fault: Fault) -> list[Report]:
        """A fault is over: what the centre is told first."""
        node = view.nodes[fault.node_id]
        match fault:
            case NodeMaintained():
                return [UndrainAsked(node.id, OPERATOR)]
            case LinkCut():
                kept = self.agents.lines.mend(node.id)
                return [self._connected(node, node.boot_id), self._holds(view, node), *kept]
            case NodeFails():
                self.agents.lines.off.discard(node.id)
                self.boots += 1
                booted = self._connected(node, f"boot-{self.boots}")
                return [booted, NodeHolds(node.id, (), rebooted=True)]

    def confirmed(self, view: Snapshot, node_id: str) -> list[Report]:
        """The operator says that a node is off, if it still is."""
        off = node_id in self.agents.lines.off and node_id in view.nodes
        return [NodeConfirmedDead(node_id, OPERATOR)] if off else []

    def heard(self, view: Snapshot) -> dict[str, Instant]:
        """When each node was last heard, as far as that is now."""
        return {node_id: view.now for node_id in view.nodes if self.agents.lines.whole(node_id)}

    def _connected(self, node: Node, boot_id: str) -> NodeConnected:
        return NodeConnected(
            node_id=node.id,
            park=node.park,
            name=node.name,
            boot_id=boot_id,
            journal_id=node.id,
            gpus=node.gpus,
            cpus=node.cpus,
            memory_bytes=node.memory_bytes,
            address=node.address,
            agent_version=node.agent_version,
            driver_version=node.driver_version,
            isolation=node.isolation,
            problems=(),
            labels=node.labels,
        )

    def _holds(self, view: Snapshot, node: Node) -> NodeHolds:
        """Every rank that the node has: those that have ended meanwhile are on record."""
        held = [
            RankHeld(
                attempt.id, place.rank, attempt.fencing, "exited" if self._over(attempt.id) else "running"
            )
            for attempt in view.attempts.values()
            for place, seen in zip(attempt.places, attempt.seen, strict=True)
            if place.node_id == node.id and isinstance(seen, RankStarted | RankAccepted | RankExited)
        ]
        return NodeHolds(node.id, tuple(held))

    def _over(self, attempt_id: str) -> bool:
        life = self.agents.lives.get(attempt_id)
        return life is None or life.over
