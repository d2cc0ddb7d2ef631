"""Can this job ever start? A check against what the parks have in all, free or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bostan.jobfile.beside import WHOLE_GPU, Needs, NodeKind, too_little_beside
from bostan.jobfile.units import size_text
from bostan.strictmodel import Finding, nearest


@dataclass(frozen=True, slots=True)
class ParkCapacity:
    """What one park has of one GPU class, whether busy or free."""

    park: str
    gpu_class: str
    gpu_memory_bytes: int
    gpus_per_node_max: int
    gpus_total: int


class ParkWishes(Protocol):
    """Where a job may run."""

    @property
    def allow(self) -> Sequence[str]: ...
    @property
    def deny(self) -> Sequence[str]: ...
    @property
    def prefer(self) -> Sequence[str]: ...


class Wishes(Needs, Protocol):
    """What of a job decides whether any park could hold it; a job file's spec has it, and so has a request."""

    @property
    def gpu_classes(self) -> Sequence[str]: ...
    @property
    def min_gpu_memory_bytes(self) -> int | None: ...
    @property
    def parks(self) -> ParkWishes: ...


def impossible(
    spec: Wishes,
    capacity: Sequence[ParkCapacity],
    parks: Collection[str] = (),
    nodes: Sequence[NodeKind] = (),
) -> list[Finding]:
    """Why no park could ever run the job; empty when at least one could.

    A replica fits on one node, and a gang stays in one park on one GPU class. `parks` are those that are known
    beside the ones that have GPUs; `nodes` tell of CPUs and memory, of which nothing is said where none are known.
    """
    named = _unknown_parks(spec, {*parks, *(each.park for each in capacity)})
    if named:
        return named
    if spec.gpus == 0:
        return too_little_beside(spec, _kinds(spec, nodes, {None}))
    allowed = [each for each in capacity if _park_allowed(spec, each.park)]
    if not allowed:
        return [Finding(("parks",), "leaves no park that has GPUs", "allow more parks")]
    accepted = [each for each in allowed if _class_accepted(spec, each)]
    if not accepted:
        return [_no_class(spec, allowed)]
    classes = {each.gpu_class for each in accepted}
    return _too_large(spec, accepted) or too_little_beside(spec, _kinds(spec, nodes, classes))


def _kinds(spec: Wishes, nodes: Sequence[NodeKind], classes: Collection[str | None]) -> list[NodeKind]:
    return [kind for kind in nodes if kind.gpu_class in classes and _park_allowed(spec, kind.park)]


def _unknown_parks(spec: Wishes, known: Collection[str]) -> list[Finding]:
    parks = sorted(known)
    lists = {"allow": spec.parks.allow, "deny": spec.parks.deny, "prefer": spec.parks.prefer}
    return [
        Finding(("parks", key, at), f"there is no park {park}", _known(park, parks))
        for key, names in lists.items()
        for at, park in enumerate(names)
        if park not in parks
    ]


def _known(word: str, known: Sequence[str]) -> str:
    near = nearest(word, known)
    return f"did you mean {near}?" if near else f"choose from {', '.join(known) or 'none yet'}"


def _park_allowed(spec: Wishes, park: str) -> bool:
    return park not in spec.parks.deny and (not spec.parks.allow or park in spec.parks.allow)


def _class_accepted(spec: Wishes, each: ParkCapacity) -> bool:
    if spec.gpu_classes:
        return each.gpu_class in spec.gpu_classes
    return each.gpu_memory_bytes >= (spec.min_gpu_memory_bytes or 0)


def _no_class(spec: Wishes, allowed: Sequence[ParkCapacity]) -> Finding:
    """No allowed park has a GPU of an acceptable class."""
    if spec.gpu_classes:
        wanted = " or ".join(spec.gpu_classes)
        classes = sorted({each.gpu_class for each in allowed})
        return Finding(("gpu_classes",), f"no park has {wanted}", _known(spec.gpu_classes[0], classes))
    most = size_text(max(each.gpu_memory_bytes for each in allowed))
    wanted = size_text(spec.min_gpu_memory_bytes or 0)
    return Finding(("min_gpu_memory",), f"no park has a GPU with {wanted}", f"the largest has {most}")


def _too_large(spec: Wishes, accepted: Sequence[ParkCapacity]) -> list[Finding]:
    """The replica is larger than every node, or the gang larger than every park."""
    node = max(accepted, key=lambda each: each.gpus_per_node_max)
    if spec.gpus > node.gpus_per_node_max:
        problem = (
            f"asks {spec.gpus} GPUs on one node; the largest node has {_gpus(node.gpus_per_node_max, node)}"
        )
        return [Finding(("gpus",), problem, f"ask at most {node.gpus_per_node_max}, and more replicas")]
    fitting = [each for each in accepted if each.gpus_per_node_max >= spec.gpus]
    park = max(fitting, key=lambda each: each.gpus_total)
    most = park.gpus_total // spec.gpus * (WHOLE_GPU // spec.gpu_milli)
    if spec.replicas > most:
        problem = f"{spec.replicas} x {spec.gpus} GPUs in one park; the largest park has {_gpus(park.gpus_total, park)}"
        return [Finding(("replicas",), problem, f"ask at most {most} replicas")]
    return []


def _gpus(number: int, each: ParkCapacity) -> str:
    return f"{number} {each.gpu_class} ({each.park})"
