"""Who is served first: each order is a value with its coefficients, chosen at the edge."""

from bostan_scheduler.core.order.fair_share import FairShare
from bostan_scheduler.core.order.fifo import Fifo
from bostan_scheduler.core.order.service import Service
from bostan_scheduler.core.order.srsf import Srsf

Order = Fifo | FairShare | Srsf | Service
"""One of the orders that a pool can be served in."""

ORDERS: dict[str, type[Order]] = {"fifo": Fifo, "fair-share": FairShare, "srsf": Srsf, "service": Service}
"""The orders by the names that settings know them by."""

__all__ = ["ORDERS", "FairShare", "Fifo", "Order", "Service", "Srsf"]
