"""A province in virtual time under faults drawn from a seed: nothing unsafe while they last, everything ends after.

Many more seeds: PYTHONPATH=tests/lib python -m simulation --seeds 1000
"""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from bostan_scheduler.store import open_store
from simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
FIXED = (1, 4, 5, 6, 17, 29, 38)


def of_this_commit() -> int:
    """A seed that is new with every commit, and the same for everybody who has it; 0 outside of a checkout."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(asked.stdout[:12] or "0", 16) if asked.returncode == 0 else 0


@pytest.mark.parametrize("seed", [*FIXED, of_this_commit()])
def test_nothing_unsafe_happens_and_everything_ends(seed: int) -> None:
    outcome = simulate(seed)
    assert outcome.jobs > 0
    assert outcome.runs > 0


def test_the_same_seed_on_sqlite_comes_to_the_same(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'bostan.db'}", migrate=True)
    try:
        assert simulate(2, store) == simulate(2)
    finally:
        store.close()


def test_the_storms_are_storms() -> None:
    """Faults that never bite would prove nothing: of these runs, jobs end in many ways and leaders fall."""
    outcomes = [simulate(seed) for seed in (2, 3, 7)]
    ends = sum((one.outcomes for one in outcomes), Counter[str]())
    assert {"Succeeded", "TimedOut"} <= ends.keys()
    assert len(ends) >= 4
    assert sum(one.leaders for one in outcomes) > 10
    assert sum(one.attempts for one in outcomes) > sum(one.jobs for one in outcomes)
