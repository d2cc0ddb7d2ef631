"""Who holds which GPUs, and how much CPU and memory on which node: kept attempt by attempt."""

from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import WHOLE_GPU, RankNeeds
from bostan_scheduler.core.room.state import Part

Hold = tuple[str, int, str]
"""An attempt, how many thousandths of the GPU it holds, and its firm."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an attempt holds."""

    needs: RankNeeds
    firm: str
    places: tuple[Place, ...]


@dataclass(slots=True)
class Load:
    """What is taken of a node's CPUs and memory, and its ranks without GPUs."""

    cpus: int = 0
    memory_bytes: int = 0
    loose: int = 0
    ranks: int = 0


@dataclass(slots=True)
class Held:
    """All claims; who holds each GPU, which of them in parts, and the load of each node. Any name may be unknown."""

    claims: dict[str, Claim] = field(default_factory=dict)
    gpus: dict[str, tuple[Hold, ...]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    loads: dict[str, Load] = field(default_factory=dict)

    def put(self, attempt_id: str, claim: Claim) -> None:
        """An attempt holds this from now on."""
        assert attempt_id not in self.claims, f"{attempt_id} holds something already"
        self.claims[attempt_id] = claim
        holds, part = ((attempt_id, claim.needs.gpu_milli, claim.firm),), claim.needs.gpu_milli < WHOLE_GPU
        for place in claim.places:
            self._load(place.node_id, claim.needs, 1)
            for uuid in place.gpus:
                before = self.gpus.get(uuid)
                self.gpus[uuid] = holds if before is None else before + holds
                if part:
                    self.shared.add(uuid)

    def drop(self, attempt_id: str) -> Claim | None:
        """It holds nothing any more; None if it held nothing."""
        claim = self.claims.pop(attempt_id, None)
        for place in claim.places if claim is not None else ():
            assert claim is not None
            self._load(place.node_id, claim.needs, -1)
            for uuid in place.gpus:
                self._release(uuid, attempt_id)
        return claim

    def _release(self, uuid: str, attempt_id: str) -> None:
        left = tuple(hold for hold in self.gpus.pop(uuid, ()) if hold[0] != attempt_id)
        if left:
            self.gpus[uuid] = left
        if all(hold[1] == WHOLE_GPU for hold in left):
            self.shared.discard(uuid)

    def _load(self, node_id: str, needs: RankNeeds, step: int) -> None:
        load = self.loads.get(node_id)
        if load is None:
            load = self.loads[node_id] = Load()
        load.cpus += step * (needs.cpus or 0)
        load.memory_bytes += step * (needs.memory_bytes or 0)
        load.loose += step * (needs.gpus == 0)
        load.ranks += step
        if not load.ranks:
            del self.loads[node_id]


def left_of(holds: tuple[Hold, ...]) -> Part:
    """What is left of a GPU, in thousandths, and for whom; nothing when several firms hold it."""
    firm = holds[0][2]
    if any(hold[2] != firm for hold in holds):
        return 0, ""
    return max(0, WHOLE_GPU - sum(hold[1] for hold in holds)), firm
