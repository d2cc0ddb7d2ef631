"""The right to make others go, over time: each preemption is preceded by work, and no circle of them arises.

A job that made room may ask for it when it has run again, or when the one that it was for has finished. Whoever is
asked has run as long as has to be. So between two times that one job asks, work was done, or a job has left for good:
of the former there is an end because what runs gets done, of the latter because jobs are finitely many.
"""

import pytest
from happenings import (
    announces,
    applies_quotas,
    cancels,
    comes_back,
    ends,
    falls_silent,
    requeues,
    something_happens,
    submits,
    time_passes,
)
from preempted import Preemptions
from seeds import BLOCK, block, of_seed
from tales import Tale

STORIES = 1000
STEPS = 16
HAPPENINGS = (submits, ends, cancels, requeues, falls_silent, comes_back, applies_quotas, announces)


@pytest.mark.parametrize("number", range(STORIES // BLOCK))
def test_who_made_room_asks_for_none_before_it_has_run(number: int) -> None:
    claims = sum(_claims(seed) for seed in block(number))
    assert claims > BLOCK // 5, "hardly anybody makes room in these stories"


def _claims(seed: int) -> int:
    with of_seed(seed):
        tale, preemptions = Tale(seed), Preemptions()
        for _ in range(STEPS):
            something_happens(tale, (*HAPPENINGS, time_passes, time_passes, time_passes, time_passes))
            tale.agents_answer()
            preemptions.ran(tale.table.snapshot)
            before, changes = tale.table.snapshot, tale.table.plan()
            tale.table.carry(changes)
            preemptions.asked(before, changes)
        return preemptions.claims
