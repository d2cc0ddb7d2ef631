"""Who is served first: each order is a value with its coefficients, chosen at the edge."""

from bostan_scheduler.core.order.fair_share import FairShare
from bostan_scheduler.core.order.fifo import Fifo
from bostan_scheduler.core.order.service import Service
from bostan_scheduler.core.order.srsf import Srsf
from bostan_scheduler.core.order.strict_fifo import StrictFifo

Order = Fifo | StrictFifo | FairShare | Srsf | Service
"""One of the orders that a pool can be served in. One that `passes` serves others while a job waits for room;
one that `reserves` promises room to those that have waited longest, whatever it says of them."""

ORDERS: dict[str, type[Order]] = {
    "fifo": Fifo,
    "strict-fifo": StrictFifo,
    "fair-share": FairShare,
    "srsf": Srsf,
    "service": Service,
}
"""The orders by the names that settings know them by."""

__all__ = ["ORDERS", "FairShare", "Fifo", "Order", "Service", "Srsf", "StrictFifo"]
