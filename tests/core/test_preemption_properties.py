"""Preemption ends: in ten thousand drawn worlds, carried out again and again at one instant, none causes another."""

import pytest
from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Intend
from drawn import drawn
from preempted import Preemptions
from seeds import BLOCK, block, of_seed
from turns import Table

STATES = 10_000
ROUNDS_MAX = 40


@pytest.mark.parametrize("number", range(STATES // BLOCK))
def test_no_preemption_causes_another(number: int) -> None:
    """No job that made room asks for room before it has run; none makes room that has not run as long as it may."""
    claims = sum(_claims(seed) for seed in block(number))
    assert claims > BLOCK // 10, "hardly anybody makes room in these worlds"


def _claims(seed: int) -> int:
    with of_seed(seed):
        table, preemptions = Table(drawn(seed, spacing_seconds=0)), Preemptions()
        for _ in range(ROUNDS_MAX):
            before, changes = table.snapshot, table.play()
            preemptions.asked(before, changes)
            preemptions.ran(table.snapshot)
            if not any(isinstance(one, Intend) and isinstance(one.intent, Stop) for one in changes):
                return preemptions.claims
        raise AssertionError("preemption goes on and on")
