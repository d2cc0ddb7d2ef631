"""How many GPUs of a node are taken at an instant: those that are held, and those that are kept for others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bostan_scheduler.core.attempt import Attempt, Place
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.planning.running import Running, over_by
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.block import Block
from bostan_scheduler.core.timeline.reserved import Reserved

NOBODY = ""
"""The firm of what is kept for none."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds GPUs of one class on a node, until an instant at the latest; parts of a GPU are held with others."""

    firm: str
    gpus: tuple[str, ...]
    until_at: Instant
    saves_within_seconds: int | None = None


def holders_on(
    snapshot: Snapshot, running: Running, reserved: Iterable[Reserved], node_id: str, gpu_class: str
) -> Iterator[Holder]:
    """The attempts that hold GPUs of a class on a node, and the jobs for which parts of them are kept."""
    for attempt in running.on(node_id):
        if attempt.gpu_class == gpu_class:
            yield holder_of(snapshot, attempt, node_id)
    for kept in reserved:
        job, gpus = snapshot.jobs.get(kept.job_id), gpus_on(kept.parts, node_id)
        if gpus and job is not None and kept.gpu_class == gpu_class:
            yield Holder(job.spec.firm, gpus, kept.until_at, job.spec.saves_within_seconds)


def holder_of(snapshot: Snapshot, attempt: Attempt, node_id: str) -> Holder:
    """What an attempt holds on a node, of GPUs that may be given out: one that has failed comes back to nobody."""
    saves, node = snapshot.jobs[attempt.job_id].spec.saves_within_seconds, snapshot.nodes.get(node_id)
    gpus = gpus_on(attempt.places, node_id)
    failed = {gpu.uuid for gpu in node.gpus if not gpu.usable} if node is not None else ()
    if failed:
        gpus = tuple(uuid for uuid in gpus if uuid not in failed)
    return Holder(attempt.firm, gpus, over_by(snapshot, attempt), saves)


def gpus_on(places: Sequence[Place], node_id: str) -> tuple[str, ...]:
    """The GPUs of some places that are on a node; one that several ranks share stands more than once."""
    if len(places) == 1:
        return places[0].gpus if places[0].node_id == node_id else ()
    return tuple(uuid for place in places if place.node_id == node_id for uuid in place.gpus)


def taken(holders: Sequence[Holder], blocks: Iterable[Block]) -> int:
    """How many GPUs are held, and kept beside by blocks that are in force.

    What a firm holds counts as part of what is kept for it; the rest of what can be back within the notice, as part of
    what is lent.
    """
    held, lent, kept = _by_firm(holders), list[Block](), Counter[str]()
    for block in blocks:
        if block.lent:
            lent.append(block)
        else:
            kept[block.firm or NOBODY] += block.gpus
    beside = sum(max(0, gpus - held[firm]) for firm, gpus in kept.items())
    spare = {firm: max(0, gpus - kept[firm]) for firm, gpus in held.items()}
    return sum(held.values()) + beside + (_not_lent(holders, spare, lent) if lent else 0)


def taken_at(at: Instant, holders: Iterable[Holder], blocks: Iterable[Block]) -> int:
    """The same at an instant: by those who still hold something then, and the blocks that are in force then."""
    still = [one for one in holders if one.until_at > at]
    return taken(still, [one for one in blocks if one.from_at <= at < one.until_at])


def _not_lent(holders: Sequence[Holder], spare: Mapping[str, int], lent: list[Block]) -> int:
    """GPUs of what may be lent that nobody has who could give them back, the shortest notice first.

    `spare` is what each firm holds beside what is kept for it.
    """
    used, left = 0, 0
    for block in sorted(lent, key=lambda one: one.notice_seconds or 0):
        back = _given_back(holders, block)
        mine = min(block.gpus, sum(min(gpus, spare[firm]) for firm, gpus in back.items()) - used)
        used, left = used + mine, left + block.gpus - mine
    return left


def stays(holders: Iterable[Holder], blocks: Sequence[Block], at: Instant) -> Iterator[str]:
    """GPUs that are held beyond an instant, and not to be given back to these blocks: whoever shares one takes no other."""
    for one in holders:
        if one.until_at > at and not any(block.lent_to(one.saves_within_seconds) for block in blocks):
            yield from one.gpus


def _given_back(holders: Sequence[Holder], block: Block) -> Counter[str]:
    """GPUs of each firm that are back in time: all who share one give it back."""
    firm_of = {uuid: one.firm for one in holders for uuid in one.gpus}
    for one in holders:
        if not block.lent_to(one.saves_within_seconds):
            for uuid in one.gpus:
                firm_of.pop(uuid, None)
    return Counter(firm_of.values())


def _by_firm(holders: Iterable[Holder]) -> Counter[str]:
    """GPUs of each firm, each once however many share it: only jobs of one firm do."""
    firm_of = {uuid: one.firm for one in holders for uuid in one.gpus}
    return Counter(firm_of.values())
