"""What must hold of plans over time: one planner that goes along plans as a new one, whatever happens in between."""

import pytest
from happenings import something_happens
from seeds import BLOCK, block, of_seed
from tales import Tale

STORIES = 1000
STEPS = 8


@pytest.mark.parametrize("number", range(STORIES // BLOCK))
def test_a_kept_desk_plans_as_a_new_one(number: int) -> None:
    """After any events and any time, what the planner kept gives the very plan that is drawn up from scratch."""
    for seed in block(number):
        with of_seed(seed):
            tale = Tale(seed)
            for _ in range(STEPS):
                something_happens(tale)
                tale.agents_answer()
                tale.plans()
