"""How a leaf of the quota tree stands, as far as an order looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.remembered import remembered

Key = tuple[float, ...]
"""What is smaller comes first. All keys of one order have the same length."""


@dataclass(frozen=True)
class Standing:
    """A leaf, what it holds now, and how many GPUs of each class it held lately on average; good until it holds another number."""

    leaf: QuotaNode
    quotas: QuotaLedger
    lately: Mapping[str, float] = field(default_factory=dict)

    def owed(self, shape: Shape) -> bool:
        """Whether a job of this shape would stay within what the leaf is guaranteed, in a class that it takes."""
        return any(self.owed_in(shape.gpus, one) for one in shape.gpu_classes or self.leaf.gpus)

    def owed_in(self, gpus: int, gpu_class: str) -> bool:
        """Whether so many more GPUs of a class would still be within the guarantee."""
        return self.quotas.owes(self.leaf, gpu_class, gpus)

    @remembered
    def fair_share(self) -> float:
        """Weighted dominant share: GPUs held, of the guarantee, in the class where that is most (DRF, NSDI'11).

        What was held lately is added to what is held now, so that idle times are made up for.
        """
        shares = [self.quotas.share(self.leaf, one, self.lately.get(one, 0.0)) for one in self.leaf.gpus]
        return max(shares, default=0.0) / self.leaf.weight
