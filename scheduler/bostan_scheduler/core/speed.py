"""How fast a job runs on a GPU class, as a multiple of the reference: speed 1."""

from collections.abc import Mapping

from bostan_scheduler.core.job import JobSpec, Shape
from bostan_scheduler.core.snapshot import ClassFacts

REFERENCE = 1.0


def speed_of(classes: Mapping[str, ClassFacts], asked: JobSpec | Shape, gpu_class: str | None) -> float:
    """What the job says of this class, else what the administrator says of it, else the reference.

    What runs without GPUs, and so on no class, runs at the reference speed everywhere.
    """
    if gpu_class is None:
        return REFERENCE
    said = next((speed for name, speed in asked.speeds if name == gpu_class), None)
    if said is not None:
        return said
    facts = classes.get(gpu_class)
    return facts.speed_milli / 1000 if facts is not None else REFERENCE
