"""What could ever be placed, as the contract shows it: GPUs by park and class, and the CPUs and memory beside them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from bostan import api

from bostan_scheduler.core.node import Gpu, Node
from bostan_scheduler.http.translate.parks import Pool

GIB = 2**30
Kind = tuple[str, str | None, int, int, int]
"""Park, class or none, GPUs of it, CPUs, and whole GiB of memory."""


def capacity_model(pool: Pool, nodes: Iterable[Node]) -> api.Capacity:
    """What there is, busy or not."""
    all_nodes = [(node, _by_class(pool, node)) for node in nodes]
    found: dict[tuple[str, str], list[list[Gpu]]] = {}
    kinds = Counter[Kind]()
    for node, by_class in all_nodes:
        kinds.update(_kinds(node, by_class))
        for gpu_class, gpus in by_class.items():
            found.setdefault((node.park, gpu_class), []).append(gpus)
    classes = (_class_model(*key, lists) for key, lists in sorted(found.items()))
    shown = sorted(kinds.items(), key=lambda one: (one[0][0], one[0][1] or "", *one[0][2:]))
    return api.Capacity(classes=tuple(classes), nodes=tuple(_node_model(*one) for one in shown))


def _by_class(pool: Pool, node: Node) -> dict[str, list[Gpu]]:
    by_class: dict[str, list[Gpu]] = {}
    for gpu in node.gpus:
        gpu_class = pool.gpu_class(gpu)
        if gpu_class:
            by_class.setdefault(gpu_class, []).append(gpu)
    return by_class


def _kinds(node: Node, by_class: dict[str, list[Gpu]]) -> Iterator[Kind]:
    beside = (node.cpus, node.memory_bytes // GIB)
    yield (node.park, None, 0, *beside)
    for gpu_class, gpus in by_class.items():
        yield (node.park, gpu_class, len(gpus), *beside)


def _class_model(park: str, gpu_class: str, lists: list[list[Gpu]]) -> api.ClassCapacity:
    return api.ClassCapacity(
        park=park,
        gpu_class=gpu_class,
        memory_bytes=max(gpu.memory_bytes for gpus in lists for gpu in gpus),
        gpus=sum(map(len, lists)),
        gpus_per_node=max(map(len, lists)),
    )


def _node_model(kind: Kind, count: int) -> api.NodeCapacity:
    park, gpu_class, gpus, cpus, gib = kind
    return api.NodeCapacity(
        park=park, gpu_class=gpu_class, gpus=gpus, cpus=cpus, memory_bytes=gib * GIB, nodes=count
    )
