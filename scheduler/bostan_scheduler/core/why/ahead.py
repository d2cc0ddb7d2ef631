"""How many jobs go before a waiting one, as things stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from bostan_scheduler.core.job import Job, Qos
from bostan_scheduler.core.order.standing import Key
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.queue import Pair, Spot

Rank = tuple[bool, Key, int]
"""Scavengers last; then the leaf's key and the firmness of the claim, as in a plan."""
Alike = tuple[str, tuple[str, ...], int, Qos]
"""All that a rank depends on: a leaf, classes, GPUs, and how firm the claim is."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Jobs that are looked at before it: of all firms, and of its own."""

    jobs: int = 0
    of_firm: int = 0


def ahead_of(desk: Desk, job: Job) -> Ahead:
    """Jobs for which GPUs are kept go first; then whoever is before it in turn. Of a job that is put aside, nothing."""
    kept = [desk.snapshot.jobs[one].spec.firm for one in _kept_before(desk, job)]
    spot = desk.queue.spots.get(job.id)
    if spot is None:
        return Ahead(len(kept), kept.count(job.spec.firm))
    every, of_firm = _in_line(desk, spot)
    return Ahead(len(kept) + every, kept.count(job.spec.firm) + of_firm)


def _in_line(desk: Desk, spot: Spot) -> tuple[int, int]:
    """Line by line, of all firms and of its own; lines that rank alike are ranked once."""
    mine, ranks, every, of_firm = _rank(desk, spot.pair), dict[Alike, Rank](), 0, 0
    for pair, line in desk.queue.lines.items():
        leaf_id, shape = pair
        alike = leaf_id, shape.gpu_classes, shape.gpus, shape.qos
        rank = ranks.get(alike)
        if rank is None:
            rank = ranks[alike] = _rank(desk, pair)
        if rank <= mine:
            count = len(line) if rank < mine else line.ahead_of(spot.entry)
            every += count
            of_firm += count if shape.firm == spot.pair[1].firm else 0
    return every, of_firm


def _kept_before(desk: Desk, job: Job) -> Iterator[str]:
    """The queued jobs for which GPUs are kept, up to the job itself: they are served by age of the reservation."""
    reserved = sorted(desk.timeline.reserved.values(), key=lambda one: (one.since, one.job_id))
    for one in reserved:
        if one.job_id == job.id:
            return
        if one.job_id in desk.snapshot.jobs:
            yield one.job_id


def _rank(desk: Desk, pair: Pair) -> Rank:
    leaf_id, shape = pair
    return shape.qos is Qos.SCAVENGER, desk.leaf_key(leaf_id, shape), shape.qos.rank
