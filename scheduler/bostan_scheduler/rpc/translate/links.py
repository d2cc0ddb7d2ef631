"""Which GPUs of a node reach each other fast: groups from the links that its driver reports."""

from collections.abc import Iterable, Mapping, Sequence

from bostan_protos.v1.device_pb2 import LINK_KIND_NVLINK, LINK_KIND_PIX, LINK_KIND_PXB, Link

_SWITCH = (LINK_KIND_PIX, LINK_KIND_PXB)


def link_groups(uuids: Sequence[str], links: Iterable[Link]) -> Mapping[str, int]:
    """A number for each GPU; those with the same one are joined by NVLink, or by a PCIe switch where they have none.

    A GPU with neither is a group of its own. Numbers are given in the order of `uuids`.
    """
    known = set(uuids)
    pairs = [(link.kind, link.uuid_a, link.uuid_b) for link in links if {link.uuid_a, link.uuid_b} <= known]
    nvlinked = {uuid for kind, *pair in pairs if kind == LINK_KIND_NVLINK for uuid in pair}
    joined = [
        (first, second)
        for kind, first, second in pairs
        if kind == LINK_KIND_NVLINK or (kind in _SWITCH and nvlinked.isdisjoint((first, second)))
    ]
    roots = _roots(uuids, joined)
    numbers = {root: number for number, root in enumerate(dict.fromkeys(roots))}
    return {uuid: numbers[root] for uuid, root in zip(uuids, roots, strict=True)}


def _roots(uuids: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    """For each GPU one that stands for all that it is joined with, over however many links."""
    parent = {uuid: uuid for uuid in uuids}

    def root(uuid: str) -> str:
        while parent[uuid] != uuid:
            uuid = parent[uuid]
        return uuid

    for first, second in pairs:
        parent[root(first)] = root(second)
    return [root(uuid) for uuid in uuids]
