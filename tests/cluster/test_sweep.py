"""A sweep: its runs as Ray tasks, and nothing left when it is over."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bostan_scheduler.sim.scenario import Scenario, metrics_of

PROGRAM = Path(sys.executable).parent / "bostan-scheduler"
WORLD = """
pool: [{nodes: 1, gpus: 8, gpu_class: a100}]
workload:
  - generate: {arrivals_per_hour: 2, hours: 20, run: {median_seconds: 3000}, sizes: [{gpus: 4}, {gpus: 8}]}
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "world.yaml").write_text(WORLD)
    return lambda *words: subprocess.run(
        [PROGRAM, "sim", "world.yaml", *words], cwd=tmp_path, capture_output=True, text=True, timeout=180
    )


@pytest.mark.ray
def test_a_sweep_runs_every_combination_and_agrees_with_single_runs(run, tmp_path):
    swept = run("--sweep", "seed=1..2", "--sweep", "model.restart_seconds=0,300", "-o", "json")
    assert swept.returncode == 0, swept.stderr
    runs = json.loads(swept.stdout)["runs"]
    assert [one["set"] for one in runs] == [
        {"seed": seed, "model.restart_seconds": restart} for seed in (1, 2) for restart in (0, 300)
    ]
    single = Scenario.of(tmp_path / "world.yaml").having("seed", 2).having("model.restart_seconds", 300)
    assert metrics_of(single, check=True) == runs[3]["metrics"]
    assert runs[0]["metrics"]["jct"] != runs[2]["metrics"]["jct"]


@pytest.mark.ray
def test_what_a_run_cannot_do_is_told_as_it_would_be_alone(run):
    swept = run("--sweep", "sharing=borrow", "--sweep", "firms={},{other: {}}")
    assert swept.returncode == 2
    assert swept.stderr.splitlines()[-1].startswith("a job is of firm firm, which the world does not have")
