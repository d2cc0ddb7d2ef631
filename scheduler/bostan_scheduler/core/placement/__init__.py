"""Where a gang goes: which class, which park, which nodes and which GPUs."""

from bostan_scheduler.core.placement.any_class import best_of, place_in_any
from bostan_scheduler.core.placement.classes import classes_for, equals_for
from bostan_scheduler.core.placement.place import place
from bostan_scheduler.core.placement.placement import Placement

__all__ = ["Placement", "best_of", "classes_for", "equals_for", "place", "place_in_any"]
