"""The faults of a world file: listed ones, and random ones drawn from the seed. Those of one node never overlap."""

import random
from collections import defaultdict
from collections.abc import Iterator

from bostan.errors import BostanError

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.obstacle import Maintenance, Obstacle
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.faults import Fault, LinkCut, NodeFails, NodeMaintained
from bostan_scheduler.sim.worldfile.model import WorldFile
from bostan_scheduler.sim.worldfile.trouble import FaultLine, RandomFailures

FAULTS_MAX = 1_000_000


class BadFaults(BostanError):
    """Faults name a node that is not there, or come over one node at the same time, or are too many."""

    exit_code = 2


def faults_of(file: WorldFile, start: Snapshot) -> tuple[Fault, ...]:
    """All faults in the order in which they begin. Raises `BadFaults`."""
    faults: list[Fault] = []
    for number, line in enumerate(file.faults):
        for fault in _faults(line, number, file.seed, start):
            if fault.node_id not in start.nodes:
                known = ", ".join(list(start.nodes)[:3])
                raise BadFaults(
                    f"faults[{number}].node: there is no node {fault.node_id}", f"nodes: {known}, ..."
                )
            faults.append(fault)
    faults.sort(key=lambda fault: (fault.at, fault.node_id))
    _refuse_overlaps(faults)
    return tuple(faults)


def obstacles_of(file: WorldFile, start: Snapshot) -> dict[str, Obstacle]:
    """Maintenance windows, as the core is told of them."""
    lines = [(number, line.maintain) for number, line in enumerate(file.faults) if line.maintain is not None]
    return {
        f"maintenance-{number}": Maintenance(
            id=f"maintenance-{number}",
            park=line.node.partition("/")[0],
            node_ids=(line.node,),
            from_at=_at(start, line.at_hours),
            until_at=_at(start, line.at_hours + line.hours),
        )
        for number, line in lines
    }


def _faults(line: FaultLine, number: int, seed: int, start: Snapshot) -> Iterator[Fault]:
    if line.fail is not None:
        one = line.fail
        until = None if one.hours is None else _at(start, one.at_hours + one.hours)
        after = one.confirmed_after_hours
        confirmed = None if after is None else _at(start, one.at_hours + after)
        yield NodeFails(one.node, _at(start, one.at_hours), until, confirmed)
    if line.cut is not None:
        yield LinkCut(
            line.cut.node, _at(start, line.cut.at_hours), _at(start, line.cut.at_hours + line.cut.hours)
        )
    if line.maintain is not None:
        kept = line.maintain
        yield NodeMaintained(kept.node, _at(start, kept.at_hours), _at(start, kept.at_hours + kept.hours))
    if line.random is not None:
        yield from _random(line.random, random.Random(f"{seed}/faults/{number}"), start)  # noqa: S311


def _random(line: RandomFailures, draws: random.Random, start: Snapshot) -> Iterator[Fault]:
    made = 0
    for node_id in start.nodes:
        now = draws.expovariate(1 / line.mean_hours_between)
        while now < line.hours:
            made += 1
            if made > FAULTS_MAX:
                raise BadFaults(f"there are more than {FAULTS_MAX} random failures", "make them rarer")
            repaired = now + draws.expovariate(1 / line.mean_repair_hours)
            begins = _at(start, now)
            yield NodeFails(node_id, begins, max(begins + 1, _at(start, repaired)))
            now = repaired + draws.expovariate(1 / line.mean_hours_between)


def _refuse_overlaps(faults: list[Fault]) -> None:
    over: dict[str, Instant | None] = defaultdict(int)
    for fault in faults:
        last = over[fault.node_id]
        if last is None or fault.at < last:
            raise BadFaults(f"faults: two come over {fault.node_id} at the same time", "let one end first")
        over[fault.node_id] = fault.until


def _at(start: Snapshot, hours: float) -> Instant:
    return start.now + round(hours * 3_600_000)
