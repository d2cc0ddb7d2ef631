"""Shapes to place, nodes that say where they stand, and placements as text."""

from collections.abc import Mapping
from dataclasses import replace

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import Job, Queued, RankNeeds, Shape
from bostan_scheduler.core.placement import Placement
from bostan_scheduler.core.snapshot import Snapshot
from worlds import NOW, spec_of


def shape(words: str, rank: RankNeeds | None = None, avoid: tuple[str, ...] = ()) -> Shape:
    """The shape of `FIRM GPUS[xREPLICAS]` and its options."""
    plain = [word for word in words.split() if "=" not in word]
    spec = spec_of(plain, dict(word.split("=", 1) for word in words.split() if "=" in word))
    spec = replace(spec, rank=rank) if rank is not None else spec
    return Job("j", spec, NOW, "somebody", Queued(NOW), avoid_nodes=avoid).shape


def part(milli: int, firm: str = "x", ranks: int = 1) -> Shape:
    """A job of ranks that want so many thousandths of a GPU each."""
    return shape(f"{firm} 1x{ranks}", RankNeeds(1, gpu_milli=milli))


def labelled(snapshot: Snapshot, where: Mapping[str, str]) -> Snapshot:
    """The same nodes in racks and at switches: `{"a": "r1/s1"}`, of park p unless it is named."""
    nodes = dict(snapshot.nodes)
    for name, labels in where.items():
        node_id = name if "/" in name else f"p/{name}"
        rack, _, switch = labels.partition("/")
        said = tuple((key, value) for key, value in (("rack", rack), ("switch", switch)) if value)
        nodes[node_id] = replace(nodes[node_id], labels=said)
    return replace(snapshot, nodes=nodes)


def spots(placement: Placement | None) -> str:
    """A placement as text: `NODE INDEXES` rank by rank."""
    if placement is None:
        return "nowhere"
    return " ".join(f"{one.node_id} {_indexes(one)}".rstrip() for one in placement.places)


def _indexes(one: Place) -> str:
    return ",".join(uuid.rpartition(":")[2] for uuid in one.gpus)
