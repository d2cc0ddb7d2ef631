"""Small seeded worlds, whose whole documents are kept: what a change of policy does is seen in them."""

import difflib
import json
from pathlib import Path

import pytest
from bostan_scheduler.sim import simulate
from bostan_scheduler.sim.report.document import document
from bostan_scheduler.sim.scenario import Scenario

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_a_world_comes_to_what_is_kept_of_it(name):
    found = document(simulate(Scenario.of(GOLDEN / f"{name}.yaml").world(), check=True))
    kept = json.loads((GOLDEN / f"{name}.json").read_text())
    assert _lines(found) == _lines(kept), (
        "\n".join(difflib.unified_diff(_lines(kept), _lines(found), lineterm="", n=0))
        + "\nIf that is as it should be, run `make gen` and commit tests/sim/golden."
    )


def test_a_run_is_the_same_bit_for_bit():
    scenario = Scenario.of(GOLDEN / "firms.yaml")
    first, second = (json.dumps(document(simulate(scenario.world()))) for _ in range(2))
    assert first == second


def test_another_seed_gives_another_run():
    scenario = Scenario.of(GOLDEN / "firms.yaml")
    assert document(simulate(scenario.world())) != document(simulate(scenario.having("seed", 4).world()))


def _lines(value):
    return json.dumps(value, indent=1).splitlines()
