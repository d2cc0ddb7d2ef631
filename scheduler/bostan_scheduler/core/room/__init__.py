"""Room: what is free on the nodes, by state, and how well an ask fits it."""

from bostan_scheduler.core.room.ledger import Ledger
from bostan_scheduler.core.room.mix import Demand, Mix
from bostan_scheduler.core.room.pool import PoolSize

__all__ = ["Demand", "Ledger", "Mix", "PoolSize"]
