"""The simulator: the production core under virtual time, with agents and jobs that are only reckoned.

`simulate(world)` gives the records of a run, `metrics(records)` what they come to.
"""

from bostan_scheduler.sim.engine import simulate
from bostan_scheduler.sim.metrics import Metrics, metrics
from bostan_scheduler.sim.records import Records
from bostan_scheduler.sim.world import Model, Work, World

__all__ = ["Metrics", "Model", "Records", "Work", "World", "metrics", "simulate"]
