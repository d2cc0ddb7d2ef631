"""No more is guaranteed than there is: children within their parent, roots within the parks, at every moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bostan.quotas.instants import instant_text
from bostan.quotas.model import QuotaFiles, QuotaNode
from bostan.quotas.windowchecks import most_kept
from bostan.strictmodel import Finding


class _Excess(NamedTuple):
    """The first moment at which the sum of guarantees is above what it may be."""

    unix_seconds: int
    guaranteed: int


def overcommitted(files: QuotaFiles) -> Iterator[Finding]:
    """One finding for each parent, or for the parks as a whole, and GPU class that is promised away twice."""
    zone = ZoneInfo(files.meta.timezone)
    places = {node.id: at for at, node in enumerate(files.quotas)}
    children: dict[str | None, list[QuotaNode]] = defaultdict(list)
    for node in files.quotas:
        children[node.parent].append(node)
    yield from _beyond_parks(files, children[None], places, zone)
    for at, parent in enumerate(files.quotas):
        for gpu_class in _classes(children[parent.id]):
            limit = _guaranteed(parent, gpu_class)
            if excess := _first_excess(children[parent.id], gpu_class, limit):
                when = instant_text(excess.unix_seconds, zone)
                problem = f"children of {parent.id} are guaranteed {excess.guaranteed} of {limit} from {when}"
                yield Finding(("quotas", at, "gpus", gpu_class), problem, "lower a child or raise the parent")


def _beyond_parks(
    files: QuotaFiles, roots: Sequence[QuotaNode], places: dict[str, int], zone: ZoneInfo
) -> Iterator[Finding]:
    capacity, kept = capacity_by_class(files), _kept_by_class(files, zone)
    for gpu_class in _classes(roots):
        own = kept.get(gpu_class, 0)
        limit = max(0, capacity.get(gpu_class, 0) - own)
        if excess := _first_excess(roots, gpu_class, limit):
            last = next(root for root in reversed(roots) if _guaranteed(root, gpu_class))
            when = instant_text(excess.unix_seconds, zone)
            beside = f" beside the {own} of their own" if own else ""
            problem = f"{excess.guaranteed} are guaranteed from {when}; the parks have {limit}{beside}"
            at = ("quotas", places[last.id], "gpus", gpu_class)
            yield Finding(at, problem, "lower the guarantee or add GPUs to a park")


def capacity_by_class(files: QuotaFiles) -> dict[str, int]:
    """All GPUs that the parks offer, by class."""
    capacity: dict[str, int] = defaultdict(int)
    for park in files.parks.values():
        for pool in park.pools.values():
            capacity[pool.gpu_class] += pool.nodes * pool.gpus_per_node
    return dict(capacity)


def _kept_by_class(files: QuotaFiles, zone: ZoneInfo) -> dict[str, int]:
    """The most that parks keep for their own tenants at a time: nobody else can be promised it."""
    kept: dict[str, int] = defaultdict(int)
    for park in files.parks.values():
        for gpu_class in {one.gpu_class for one in park.local_reserve}:
            kept[gpu_class] += most_kept(
                [one for one in park.local_reserve if one.gpu_class == gpu_class], zone
            )
    return dict(kept)


def _classes(nodes: Sequence[QuotaNode]) -> list[str]:
    return sorted({gpu_class for node in nodes for gpu_class in node.gpus})


def _guaranteed(node: QuotaNode, gpu_class: str) -> int:
    share = node.gpus.get(gpu_class)
    return share.guaranteed if share else 0


def _first_excess(nodes: Sequence[QuotaNode], gpu_class: str, limit: int) -> _Excess | None:
    """Walk through time from one change to the next; windows are half-open, so ends count before begins."""
    changes: dict[int, int] = defaultdict(int)
    for node in nodes:
        changes[node.from_unix_seconds] += _guaranteed(node, gpu_class)
        changes[node.until_unix_seconds] -= _guaranteed(node, gpu_class)
    total = 0
    for instant in sorted(changes):
        total += changes[instant]
        if total > limit:
            return _Excess(instant, total)
    return None
