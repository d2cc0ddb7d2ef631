"""Writes what the small worlds of tests/sim/golden come to: after a change of policy, look at how these have changed.

scripts/gen_sims.py
"""

import json
from pathlib import Path

from bostan_scheduler.sim import simulate
from bostan_scheduler.sim.report.document import document
from bostan_scheduler.sim.scenario import Scenario

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "sim" / "golden"


def main() -> None:
    """Write every file again."""
    for world in sorted(GOLDEN.glob("*.yaml")):
        world.with_suffix(".json").write_text(text_of(world), encoding="utf-8")
        print(world.with_suffix(".json").name)


def text_of(world: Path) -> str:
    """The whole document of a world as it stands in its file: a line a job."""
    value = document(simulate(Scenario.of(world).world(), check=True))
    jobs = ",\n".join(json.dumps(job) for job in value.pop("jobs"))
    return json.dumps(value, indent=1)[:-2] + f',\n "jobs": [\n{jobs}\n]}}\n'


if __name__ == "__main__":
    main()
