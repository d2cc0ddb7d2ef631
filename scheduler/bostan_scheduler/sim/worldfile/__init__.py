"""World files: a pool, its firms, the work to come and what goes wrong, in YAML, read strictly."""

from bostan_scheduler.sim.worldfile.build import build_world
from bostan_scheduler.sim.worldfile.loader import read_world, world_from
from bostan_scheduler.sim.worldfile.model import WorldFile

__all__ = ["WorldFile", "build_world", "read_world", "world_from"]
