"""Parts of GPUs that are kept for a waiting job are held in its name, so that nobody else fits there."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import WHOLE_GPU, Job
from bostan_scheduler.core.placement import Placement
from bostan_scheduler.core.room import Ledger
from bostan_scheduler.core.room.held import Claim, left_of
from bostan_scheduler.core.timeline.reserved import Reserved


def hold_parts(ledger: Ledger, job: Job, kept: Reserved) -> None:
    """Hold what is kept for the job; nothing where that is whole GPUs, of which any will do."""
    if kept.parts:
        ledger.put_claim(kept.claim_id, Claim(job.spec.rank, job.spec.firm, kept.parts))


@contextmanager
def parts_let_go(ledger: Ledger, job: Job, kept: Reserved | None) -> Iterator[None]:
    """As if no parts were held for the job, so that it is seen whether it has room itself."""
    if kept is not None:
        ledger.release(kept.claim_id)
    try:
        yield
    finally:
        if kept is not None:
            hold_parts(ledger, job, kept)


def on_its_parts(ledger: Ledger, job: Job, kept: Reserved) -> Placement | None:
    """The very parts that are kept for a job, once they are let go and free; None while somebody else is there."""
    wanted, ranks = Counter[str](), Counter[str]()
    for place in kept.parts:
        wanted.update(dict.fromkeys(place.gpus, job.spec.rank.gpu_milli))
        ranks[place.node_id] += 1
    there = all(_has(ledger, job, node_id, count) for node_id, count in ranks.items())
    free = all(_left(ledger, job, uuid) >= milli for uuid, milli in wanted.items())
    well = all(_given_out(ledger, place, kept.gpu_class) for place in kept.parts)
    return Placement(kept.park, kept.parts) if kept.parts and there and free and well else None


def _given_out(ledger: Ledger, place: Place, gpu_class: str) -> bool:
    """Whether its node may still give these GPUs out."""
    room = ledger.rooms.get(place.node_id)
    gpus = room.gpus.get(gpu_class) if room is not None else None
    return gpus is not None and gpus.all.issuperset(place.gpus)


def _has(ledger: Ledger, job: Job, node_id: str, ranks: int) -> bool:
    """Whether a node is open and has the CPUs and memory of so many ranks."""
    room, needs = ledger.rooms.get(node_id), job.spec.rank
    if room is None or room.state is None:
        return False
    cpus, memory_bytes = ranks * (needs.cpus or 0), ranks * (needs.memory_bytes or 0)
    return cpus <= max(0, room.state.cpus) and memory_bytes <= max(0, room.state.memory_bytes)


def _left(ledger: Ledger, job: Job, uuid: str) -> int:
    """What a job's firm may still have of a GPU, in thousandths."""
    holds = ledger.held.gpus.get(uuid)
    if holds is None:
        return WHOLE_GPU
    left, firm = left_of(holds)
    return left if firm == job.spec.firm else 0
