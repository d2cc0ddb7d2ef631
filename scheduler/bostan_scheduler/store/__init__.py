"""Where jobs, attempts, nodes, quotas, usage and history are kept: tables that are the truth, behind one port."""

from bostan_scheduler.store.open import Store, open_store
from bostan_scheduler.store.settings import Durability, StoreSettings

__all__ = ["Durability", "Store", "StoreSettings", "open_store"]
