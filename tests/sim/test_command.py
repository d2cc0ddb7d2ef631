"""`bostan-scheduler sim`, as somebody types it."""

import json
import sys

import pytest
import typer
from bostan_scheduler.simulating import sim
from typer.testing import CliRunner

MURI = "job_id,num_gpu,submit_s,duration_s,model\n0,4,0,1000,dqn\n1,4,10,500,gpt2\n2,8,20,100,vgg\n"
WORLD = (
    "pool: [{nodes: 1, gpus: 8, gpu_class: a100}]\nworkload: [{job: {run_seconds: 60, gpus: 8, count: 2}}]\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "muri.csv").write_text(MURI)
    (tmp_path / "world.yaml").write_text(WORLD)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(sim)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_world_is_told_in_tables(run):
    done = run("world.yaml", "--check")
    assert done.exit_code == 0, done.output
    assert "2 of 2 jobs done" in done.stdout
    assert "makespan, s" in done.stdout


def test_a_trace_needs_a_pool_and_nothing_else(run):
    done = run("--trace", "muri:muri.csv", "--pool", "1x8 a100", "-o", "json")
    value = json.loads(done.stdout)
    assert [job["end"] for job in value["jobs"]] == [1000, 510, 1100]
    assert value["gpus"] == {"park/a100": 8}
    assert value["metrics"]["makespan"] == 1100


def test_flags_go_before_the_file(run):
    done = run("world.yaml", "--pool", "2x8 a100", "--set", "until_hours=1", "--seed", "4", "-o", "json")
    assert [job["end"] for job in json.loads(done.stdout)["jobs"]] == [60, 60]


def test_estimates_may_be_left_out_or_miss(run):
    assert run("world.yaml", "--no-estimates").exit_code == 0
    assert run("world.yaml", "--sigma", "1", "--idealised").exit_code == 0


def test_json_and_plots_are_written_beside_the_table(run, tmp_path):
    done = run("world.yaml", "--json", "out.json", "--plots", "plots", "--plot-format", "svg")
    assert done.exit_code == 0, done.output
    assert "2 of 2 jobs done" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())["metrics"]["done"] == 2
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "gantt-park.svg",
        "utilisation.svg",
        "queued.svg",
        "fairness.svg",
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "command line"),
        (["--trace", "muri:muri.csv"], "pool: is missing; list nodes"),
        (["--trace", "mury:muri.csv", "--pool", "1x8 a100"], "write FORMAT:FILE with one of muri"),
        (["--trace", "muri:gone.csv", "--pool", "1x8 a100"], "gone.csv: cannot be read"),
        (["world.yaml", "--pool", "eight"], "--pool eight: is no pool"),
        (["world.yaml", "--order", "lifo"], "order: 'lifo' is no order"),
        (["world.yaml", "--set", "modle.x=1"], "modle: is an unknown key; did you mean `model`?"),
        (["world.yaml", "--sigma", "9"], "estimates.sigma: must be at most 5"),
        (["world.yaml", "--json", "no/such/out.json"], "--json no/such/out.json: there is no such folder"),
        (["gone.yaml"], "gone.yaml: cannot be read"),
        (["world.yaml", "--sweep", "seed=3..1"], "--sweep seed=3..1: is no range"),
        (["world.yaml", "--sweep", "sed=1,2"], "sed: is an unknown key; did you mean `seed`?"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(run, words, told):
    done = run(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_plots_without_their_library_are_refused_before_the_run(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "bostan_scheduler.sim.report.plots", None)
    done = run("world.yaml", "--plots", "plots")
    assert done.exit_code == 2
    assert "pip install 'bostan[sim]'" in done.stderr
    assert done.stdout == ""
