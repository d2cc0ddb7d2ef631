"""From when on a leaf may hold a job, if what runs takes as long as it may and nobody else starts."""

from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.planning.books import Charge
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.running import over_by
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger, Usage


@dataclass(slots=True)
class Ends:
    """When what is charged in a class is given back at the latest, the soonest first; sorted once for all who ask."""

    desk: Desk
    _of_class: dict[str, list[tuple[Instant, str, Charge]]] = field(default_factory=dict)

    def covered_at(self, leaf: QuotaNode, shape: Shape, gpu_class: str) -> Instant | None:
        """The instant; None when it could not even hold it if nothing ran, beside all that is kept for others whenever that is."""
        desk, gpus = self.desk, shape.gpus
        quotas = QuotaLedger.of(desk.books.tree, Usage(), desk.books.quotas.now)
        for charge in (*desk.books.claims.values(), *(one for _, one in desk.ahead.kept.values())):
            quotas.take(*charge)
        if not quotas.covers(leaf, gpu_class, gpus):
            return None
        for _, _, charge in self._ends(gpu_class):
            quotas.take(*charge)
        return self._walk(quotas, leaf, gpu_class, gpus)

    def _walk(self, quotas: QuotaLedger, leaf: QuotaNode, gpu_class: str, gpus: int) -> Instant:
        """Give back one after the other, until it is enough."""
        at = self.desk.snapshot.now
        for until_at, _, charge in self._ends(gpu_class):
            if quotas.covers(leaf, gpu_class, gpus):
                break
            quotas.give(*charge)
            at = until_at
        assert quotas.covers(leaf, gpu_class, gpus), "it covers when all has been given back"
        return at

    def _ends(self, gpu_class: str) -> list[tuple[Instant, str, Charge]]:
        if gpu_class not in self._of_class:
            desk = self.desk
            charged = ((one, desk.books.charges.get(one.id)) for one in desk.running.attempts.values())
            self._of_class[gpu_class] = sorted(
                (over_by(desk.snapshot, one), one.id, charge)
                for one, charge in charged
                if charge is not None and charge[1] == gpu_class
            )
        return self._of_class[gpu_class]
