"""Where a gang goes: which class, which park, which nodes and which GPUs."""

from bostan_scheduler.core.placement.classes import classes_for
from bostan_scheduler.core.placement.place import place, place_in_any
from bostan_scheduler.core.placement.placement import Placement

__all__ = ["Placement", "classes_for", "place", "place_in_any"]
