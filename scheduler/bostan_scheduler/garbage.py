"""Collecting garbage seldom where a large state is kept: nothing of it is in a cycle, and to look for some costs much."""

import gc
from typing import Final

YOUNG: Final = 500_000
"""Objects made before the young are looked through; what plans make and drop is gone by reference counts alone."""
SURVIVALS: Final = 50
FULL: Final = 100


def collect_seldom() -> None:
    """What exists now is looked at no more, and what comes seldom. Call it once the state is loaded.

    With 100,000 jobs and 80,000 GPUs the default settings take two fifths of the time of a plan.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, SURVIVALS, FULL)
