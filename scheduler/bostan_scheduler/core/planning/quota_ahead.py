"""Quota that is meant for jobs for which GPUs are kept ahead: it is theirs when their GPUs are, not before.

Until then others may use it who are over by then. Who is not must leave it: for each instant from which GPUs are kept
there is a ledger as of then, of what lasts until then and of what is kept then.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.planning.books import Books, Charge
from bostan_scheduler.core.planning.running import Running, over_by
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger, Usage
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved

Held = tuple[str, Charge | None, Instant]
"""Who holds what of which quota, and until when at the latest."""


@dataclass(slots=True)
class LedgerAhead:
    """The quota ledger as of an instant, and who is charged in it."""

    at: Instant
    quotas: QuotaLedger
    charges: dict[str, Charge] = field(default_factory=dict)

    def count(self, holder: str, charge: Charge | None, until_at: Instant) -> bool:
        """Somebody holds a charge until then; whether that gives some back that was charged here before."""
        if charge is not None and until_at > self.at:
            if holder not in self.charges:
                self.charges[holder] = charge
                self.quotas.take(*charge)
            return False
        return self.drop(holder)

    def drop(self, holder: str) -> bool:
        """It holds nothing any more; whether it was charged."""
        charge = self.charges.pop(holder, None)
        if charge is not None:
            self.quotas.give(*charge)
        return charge is not None


@dataclass(slots=True)
class QuotaAhead:
    """Reservations that are not due yet, with what they will be charged, and a ledger for each, made when first asked for."""

    kept: dict[str, tuple[Reserved, Charge]] = field(default_factory=dict)
    ledgers: dict[str, LedgerAhead] = field(default_factory=dict)

    # Reservations

    def keep(self, reserved: Reserved, charge: Charge) -> None:
        """GPUs are kept for a job from an instant that has not come."""
        assert reserved.job_id not in self.kept, f"quota is meant for {reserved.job_id} already"
        self.kept[reserved.job_id] = reserved, charge
        self.claim(reserved, charge)

    def claim(self, reserved: Reserved, charge: Charge) -> None:
        """What is kept for a job is charged in the ledgers as of later."""
        for one in self.ledgers.values():
            if reserved.from_at <= one.at:
                one.count(reserved.claim_id, charge, reserved.until_at)

    def give_up(self, reserved: Reserved) -> Charge | None:
        """Nothing is kept for a job any more; what was meant for it, unless it was due."""
        kept = self.kept.pop(reserved.job_id, None)
        self.ledgers.pop(reserved.job_id, None)
        for one in self.ledgers.values():
            one.drop(reserved.claim_id)
        return kept[1] if kept is not None else None

    def due(self, now: Instant) -> list[tuple[Reserved, Charge]]:
        """Those whose instant has come; they are here no more, but charged in the ledgers as of later."""
        due = [one for one in self.kept.values() if one[0].from_at <= now]
        for reserved, _ in due:
            del self.kept[reserved.job_id]
            self.ledgers.pop(reserved.job_id, None)
        return due

    @contextmanager
    def without(self, job_id: str) -> Iterator[None]:
        """As if nothing were meant for a job."""
        kept, mine = self.kept.pop(job_id, None), self.ledgers.pop(job_id, None)
        if kept is None:
            yield
            return
        for one in self.ledgers.values():
            one.drop(kept[0].claim_id)
        try:
            yield
        finally:
            self.keep(*kept)
            if mine is not None:
                self.ledgers[job_id] = mine

    # Attempts

    def hold(self, snapshot: Snapshot, attempt: Attempt, charge: Charge | None) -> bool:
        """An attempt is like this now; whether it may give some quota back that it would have had then."""
        if not self.kept:
            return False
        until_at = over_by(snapshot, attempt)
        given = sum(one.count(attempt.id, charge, until_at) for one in self.ledgers.values())
        return given > 0 or len(self.ledgers) < len(self.kept)

    def release(self, holder: str) -> None:
        """An attempt holds nothing any more."""
        for one in self.ledgers.values():
            one.drop(holder)

    # Reading

    def covers(self, leaf: QuotaNode, gpu_class: str, gpus: int, over_at: Instant) -> bool:
        """Whether a leaf may hold so many until then beside what is meant for others."""
        assert self.ledgers.keys() == self.kept.keys(), "ledgers are made first"
        return all(
            one.at >= over_at or one.quotas.covers(leaf, gpu_class, gpus) for one in self.ledgers.values()
        )

    def make(
        self, snapshot: Snapshot, books: Books, running: Running, reserved: Mapping[str, Reserved]
    ) -> None:
        """The ledgers that there are not yet."""
        missing = [job_id for job_id in self.kept if job_id not in self.ledgers]
        held = list(_held(snapshot, books, running, reserved)) if missing else []
        for job_id in missing:
            self.ledgers[job_id] = self._ledger(books, self.kept[job_id][0].from_at, held)

    def _ledger(self, books: Books, at: Instant, held: Iterable[Held]) -> LedgerAhead:
        """By the quotas of now: when a window of the tree opens or ends, all is reckoned anew."""
        ledger = LedgerAhead(at, QuotaLedger.of(books.tree, Usage(), books.quotas.now))
        for holder, charge, until_at in held:
            ledger.count(holder, charge, until_at)
        for reserved, charge in self.kept.values():
            if reserved.from_at <= at:
                ledger.count(reserved.claim_id, charge, reserved.until_at)
        return ledger


def _held(
    snapshot: Snapshot, books: Books, running: Running, reserved: Mapping[str, Reserved]
) -> Iterator[Held]:
    """What runs, and what is kept for waiting jobs already."""
    for one in running.attempts.values():
        yield one.id, books.charges.get(one.id), over_by(snapshot, one)
    for job_id, charge in books.claims.items():
        yield reserved[job_id].claim_id, charge, reserved[job_id].until_at
