"""Parts of GPUs that are kept for a waiting job are held in its name, so that nobody else fits there."""

from collections.abc import Iterator
from contextlib import contextmanager

from bostan_scheduler.core.job import Job
from bostan_scheduler.core.room import Ledger
from bostan_scheduler.core.room.held import Claim
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
