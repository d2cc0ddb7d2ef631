"""Which node a GPU belongs to: of several open nodes that claim it, the first by name."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Owners:
    """The open nodes that claim each GPU."""

    claims: dict[str, list[str]] = field(default_factory=dict)

    def of(self, uuid: str) -> str | None:
        """The node that it belongs to."""
        nodes = self.claims.get(uuid)
        return nodes[0] if nodes else None

    def mine(self, node_id: str, uuids: Iterable[str]) -> list[str]:
        """Those of the GPUs that belong to the node."""
        return [uuid for uuid in uuids if self.of(uuid) == node_id]

    def add(self, node_id: str, uuids: Iterable[str]) -> set[str]:
        """A node claims GPUs; the nodes that they were others' until now."""
        losers: set[str] = set()
        for uuid in uuids:
            nodes = self.claims.get(uuid)
            if nodes is None:
                self.claims[uuid] = [node_id]
                continue
            if node_id < nodes[0]:
                losers.add(nodes[0])
            insort(nodes, node_id)
        return losers

    def remove(self, node_id: str, uuids: Iterable[str]) -> set[str]:
        """A node claims them no more; the nodes that they fall to."""
        heirs: set[str] = set()
        for uuid in uuids:
            nodes = self.claims[uuid]
            was_first = nodes[0] == node_id
            nodes.remove(node_id)
            if not nodes:
                del self.claims[uuid]
            elif was_first:
                heirs.add(nodes[0])
        return heirs
