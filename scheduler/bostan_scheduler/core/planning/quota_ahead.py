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
    ledgers: dict[str, LedgerAhead] | None = None

    def keep(self, reserved: Reserved, charge: Charge) -> None:
        """GPUs are kept for a job from an instant that has not come."""
        assert reserved.job_id not in self.kept, f"quota is meant for {reserved.job_id} already"
        self.kept[reserved.job_id] = reserved, charge
        self.ledgers = None

    def give_up(self, job_id: str) -> Charge | None:
        """Nothing is meant for a job any more; what was, if anything."""
        kept = self.kept.pop(job_id, None)
        self.ledgers = None
        return kept[1] if kept is not None else None

    @contextmanager
    def without(self, job_id: str) -> Iterator[None]:
        """As if nothing were meant for a job."""
        kept = self.kept.pop(job_id, None)
        if kept is None:
            yield
            return
        before, self.ledgers = self.ledgers, None
        try:
            yield
        finally:
            self.kept[job_id], self.ledgers = kept, before

    def due(self, now: Instant) -> list[tuple[Reserved, Charge]]:
        """Those whose instant has come; they are here no more."""
        due = [one for one in self.kept.values() if one[0].from_at <= now]
        for reserved, _ in due:
            self.give_up(reserved.job_id)
        return due

    def hold(self, snapshot: Snapshot, attempt: Attempt, charge: Charge | None) -> bool:
        """An attempt is like this now; whether it gives some quota back that it would have had then."""
        if not self.ledgers:
            return False
        until_at = over_by(snapshot, attempt)
        return sum(one.count(attempt.id, charge, until_at) for one in self.ledgers.values()) > 0

    def release(self, holder: str) -> None:
        """An attempt holds nothing any more."""
        for one in self.ledgers.values() if self.ledgers else ():
            one.drop(holder)

    def covers(self, leaf: QuotaNode, gpu_class: str, gpus: int, over_at: Instant) -> bool:
        """Whether a leaf may hold so many until then beside what is meant for others."""
        assert self.ledgers is not None, "ledgers are made first"
        return all(
            one.at >= over_at or one.quotas.covers(leaf, gpu_class, gpus) for one in self.ledgers.values()
        )

    def make(
        self, snapshot: Snapshot, books: Books, running: Running, reserved: Mapping[str, Reserved]
    ) -> None:
        """The ledgers, when there are none."""
        if self.ledgers is None:
            held = [
                (one.id, books.charges.get(one.id), over_by(snapshot, one))
                for one in running.attempts.values()
            ]
            held += [
                (reserved[one].claim_id, claim, reserved[one].until_at) for one, claim in books.claims.items()
            ]
            self.ledgers = {job_id: self._ledger(books, job_id, held) for job_id in self.kept}

    def _ledger(
        self, books: Books, job_id: str, held: Iterable[tuple[str, Charge | None, Instant]]
    ) -> LedgerAhead:
        at = self.kept[job_id][0].from_at
        ledger = LedgerAhead(at, QuotaLedger.of(books.tree, Usage(), at))
        for holder, charge, until_at in held:
            ledger.count(holder, charge, until_at)
        for reserved, charge in self.kept.values():
            if reserved.from_at <= at:
                ledger.count(reserved.claim_id, charge, reserved.until_at)
        return ledger
