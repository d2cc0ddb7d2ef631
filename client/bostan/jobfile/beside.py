"""Has any park the CPUs and the memory that a job asks beside its GPUs, on nodes that have these? Free or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bostan.jobfile.units import size_text
from bostan.strictmodel import Finding

GIB = 2**30
WHOLE_GPU = 1000


@dataclass(frozen=True, slots=True)
class NodeKind:
    """So many equal nodes of a park. `gpu_class` None: what they have beside any GPUs, for jobs that want none."""

    park: str
    gpu_class: str | None
    gpus: int
    cpus: int
    memory_bytes: int
    nodes: int


class Needs(Protocol):
    """What each replica wants of its node."""

    @property
    def gpus(self) -> int: ...
    @property
    def gpu_milli(self) -> int: ...
    @property
    def replicas(self) -> int: ...
    @property
    def cpus(self) -> int | None: ...
    @property
    def memory_bytes(self) -> int | None: ...


def too_little_beside(needs: Needs, kinds: Sequence[NodeKind]) -> list[Finding]:
    """Why no park of these nodes could ever hold the job for want of CPUs or memory; empty when one could."""
    nodes = [kind for kind in kinds if kind.gpus >= needs.gpus]
    if not nodes or (needs.cpus is None and needs.memory_bytes is None):
        return []
    if not any(_ranks_on(needs, kind) for kind in nodes):
        return [_of_one_node(needs, nodes)]
    park, most = _most(needs, nodes)
    if most >= needs.replicas:
        return []
    problem = f"{needs.replicas} replicas with {_beside(needs)} each in one park; {park} has nodes for {most}"
    return [Finding(("replicas",), problem, f"ask at most {most} replicas")]


def _of_one_node(needs: Needs, nodes: Sequence[NodeKind]) -> Finding:
    """A replica that no node could hold: for want of CPUs, of memory, or of both on one node."""
    cpus = max(nodes, key=lambda kind: kind.cpus)
    if needs.cpus is not None and needs.cpus > cpus.cpus:
        problem = f"asks {needs.cpus} CPUs on one node; the largest {_that_fits(needs)} has {cpus.cpus} ({cpus.park})"
        return Finding(("cpus",), problem, f"ask at most {cpus.cpus}, and more replicas")
    memory = max(nodes, key=lambda kind: kind.memory_bytes)
    if needs.memory_bytes is not None and needs.memory_bytes > memory.memory_bytes:
        most = size_text(memory.memory_bytes // GIB * GIB)
        problem = f"asks {size_text(needs.memory_bytes)} on one node; the largest {_that_fits(needs)} has {most} ({memory.park})"
        return Finding(("memory",), problem, f"ask at most {most}, and more replicas")
    problem = f"no node {_with_gpus(needs)}has {_beside(needs)} together"
    return Finding(("cpus",), problem, "ask for less of one of them")


def _most(needs: Needs, nodes: Iterable[NodeKind]) -> tuple[str, int]:
    """The park that holds the most replicas on one class, and how many."""
    ranks: dict[tuple[str, str], int] = {}
    for kind in nodes:
        key = (kind.park, kind.gpu_class or "")
        ranks[key] = ranks.get(key, 0) + _ranks_on(needs, kind) * kind.nodes
    (park, _), most = max(ranks.items(), key=lambda one: one[1])
    return park, most


def _ranks_on(needs: Needs, kind: NodeKind) -> int:
    limits = []
    if needs.gpus:
        limits.append(kind.gpus // needs.gpus * (WHOLE_GPU // needs.gpu_milli))
    if needs.cpus is not None:
        limits.append(kind.cpus // needs.cpus)
    if needs.memory_bytes is not None:
        limits.append(kind.memory_bytes // needs.memory_bytes)
    return min(limits)


def _beside(needs: Needs) -> str:
    parts = [f"{needs.cpus} CPUs"] if needs.cpus is not None else []
    parts += [f"{size_text(needs.memory_bytes)} of memory"] if needs.memory_bytes is not None else []
    return " and ".join(parts)


def _that_fits(needs: Needs) -> str:
    return f"with {needs.gpus} such GPUs" if needs.gpus else "node"


def _with_gpus(needs: Needs) -> str:
    return f"with {needs.gpus} such GPUs " if needs.gpus else ""
