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


SWEEP = "world.yaml", "--sweep"
TRACE = "--trace", "muri:muri.csv", "--pool", "1x8 a100"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "there are no jobs to simulate; name a world file, or give --trace FORMAT:FILE"),
        (TRACE[:2], 'there are no nodes to simulate on; give them, for example --pool "8x8 a100"'),
        (["--trace", "muri:gone.csv", "--pool", "1x8 a100"], "gone.csv: cannot be read"),
        (["gone.yaml"], "gone.yaml: cannot be read"),
        (["world.yaml", "--json", "no/such/out.json"], "--json no/such/out.json: there is no such folder"),
        (["world.yaml", "--json", "."], "--json .: it cannot be written; name another file"),
        (["world.yaml", "--plots", "muri.csv"], "--plots muri.csv: cannot be made (File exists)"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(run, words, told):
    assert told in the_line_told_by(run(*words))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--order", "bogus"],
            "--order bogus: 'bogus' is no order; write fifo or strict-fifo or fair-share or srsf",
        ),
        (["--sigma", "-1"], "--sigma -1: is -1; write 0, no error, to 5"),
        (["--sigma", "nan"], "--sigma nan: is nan; write 0, no error, to 5"),
        (["--sigma", ".nan"], "--sigma .nan: .nan is not a number; write a number"),
        (["--sigma", "inf"], "--sigma inf: is inf; write 0, no error, to 5"),
        (["--sigma", "much"], "--sigma much: must be a number, not 'much'; write it as a number"),
        (["--seed", "1.5"], "--seed 1.5: must be a whole number, not 1.5; write it as a whole number"),
        (["--set", "key=bad"], "--set key=bad: is an unknown key; remove it (known here: seed, start,"),
        (["--set", "modle.x=1"], "--set modle.x=1: modle: is an unknown key; did you mean `model`?"),
        (["--set", "seed"], "--set seed: is not KEY=VALUE; write for example --set seed=2"),
        (["--set", "order=lifo"], "--set order=lifo: 'lifo' is no order; write fifo or"),
        (["--set", "pool=["], "--set pool=[: is not valid YAML"),
        (["--set", "pool.0.gpus=8"], "--set pool.0.gpus=8: pool is no mapping; set it as a whole"),
        (["--set", "start=soon"], "--set start=soon: is no instant; write it with its offset"),
        (["--set", "settings.x=1"], "--set settings.x=1: is no setting; known here: silence_seconds,"),
        (
            ["--set", "settings.silence_seconds=x"],
            "--set settings.silence_seconds=x: must be a whole number, not 'x'; it is 30 if left out",
        ),
        (
            ["--set", "settings.order.gain=2"],
            "--set settings.order.gain=2: must be a mapping of its fields, not 2; known there: ratio,",
        ),
        (
            ["--set", "settings.order.gain.ratio=0.5"],
            "--set settings.order.gain.ratio=0.5: settings.order.gain: does not hold together: a job would",
        ),
        (["--pool", "eight"], "--pool eight: is no pool; write NODESxGPUS CLASS"),
        (["--pool", "1x8 a100", "--pool", "0x8 v100"], "--pool 0x8 v100: nodes: must be at least 1; write 1"),
        (
            ["--trace", "mury:muri.csv"],
            "--trace mury:muri.csv: is no trace; write FORMAT:FILE with one of muri",
        ),
        (["--trace", "muri"], "--trace muri: is no trace; write FORMAT:FILE with one of muri"),
        (["--trace", "gavel:muri.csv"], "--trace gavel:muri.csv: options.throughputs: is missing; add thr"),
        (
            [*TRACE, "--trace-option", "a=b"],
            "--trace-option a=b: is not known to this format; it knows: none",
        ),
        (["--sweep", "order=fifo,lifo"], "--sweep order=lifo: 'lifo' is no order; write fifo or"),
        (["--sweep", "seed=3..1"], "--sweep seed=3..1: is no range"),
        (["--sweep", "order=fifo,"], "--sweep order=fifo,: has an empty value; write A,B,C"),
        (["--sweep", "sed=1,2"], "--sweep sed=1: is an unknown key; did you mean `seed`?"),
    ],
)
def test_a_bad_flag_is_named_with_what_it_may_be(run, words, told):
    """Not the world file or the trace, which are as they should be."""
    line = the_line_told_by(run("world.yaml", *words))
    assert line.startswith(told)
    assert "world.yaml" not in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--no-estimates", "--sigma", "1"],
            "--no-estimates means nothing with --sigma; leave one of them out",
        ),
        (["--trace-option", "a=b"], "--trace-option means nothing without --trace; add --trace, or leave"),
        (["--ray-address", "auto"], "--ray-address means nothing without --sweep"),
        (["--plot-format", "svg"], "--plot-format means nothing without --plots"),
        (["--sweep", "seed=1,2", "--plots", "p"], "--plots means nothing with --sweep"),
        (["--order", "fifo", "--set", "order=srsf"], "--set order=srsf: --order fifo sets that already"),
        (["--order", "fifo", "--sweep", "order=srsf,fifo"], "--sweep order: --order fifo sets that already"),
        (
            ["--set", "model={}", "--set", "model.tick_seconds=1"],
            "--set model.tick_seconds=1: --set model={} sets",
        ),
    ],
)
def test_flags_that_cancel_each_other_are_refused(run, words, told):
    assert the_line_told_by(run("world.yaml", *words)).startswith(told)


def the_line_told_by(done):
    """The only line that was said; nothing was run."""
    assert (done.exit_code, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    return line


def test_all_mistakes_are_told_at_once_each_where_it_was_made(run, tmp_path):
    (tmp_path / "bad.yaml").write_text(WORLD + "seed: x\nfolder: y\n")
    done = run("bad.yaml", "--order", "lifo", "--set", "until_hours=0")
    assert done.exit_code == 2
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [
        "--set until_hours=0",
        "--order lifo",
        "bad.yaml:3",
        "bad.yaml:4",
    ]


def test_what_a_world_file_says_of_its_trace_is_told_by_its_line(run, tmp_path):
    pool = WORLD.splitlines()[0]
    trace = "workload:\n  - trace: {format: %s, file: muri.csv, options: {a: b}}\n"
    (tmp_path / "known.yaml").write_text(f"{pool}\n{trace % 'muri'}")
    (tmp_path / "unknown.yaml").write_text(f"{pool}\n{trace % 'mury'}")
    assert the_line_told_by(run("known.yaml")).startswith(
        "known.yaml:3: workload[0].trace.options.a: is not known to this format"
    )
    assert the_line_told_by(run("unknown.yaml")).startswith(
        "unknown.yaml:3: workload[0].trace.format: 'mury' is no format of traces; write muri or"
    )


def test_a_setting_may_be_switched_off(run):
    """`null` is a value: the order then moves nobody for a gain."""
    small = (
        "workload=[{job: {run_seconds: 9000, gpus: 8}}, {job: {at_seconds: 10, run_seconds: 60, gpus: 8}}]"
    )
    moved, kept = (
        json.loads(run("world.yaml", "--order", "srsf", "--set", small, *words, "-o", "json").stdout)[
            "metrics"
        ]
        for words in ([], ["--set", "settings.order.gain=null"])
    )
    assert (moved["preemptions"], kept["preemptions"]) == (1, 0)


def test_plots_without_their_library_are_refused_before_the_run(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "bostan_scheduler.sim.report.plots", None)
    done = run("world.yaml", "--plots", "plots")
    assert done.exit_code == 2
    assert "pip install 'bostan[sim]'" in done.stderr
    assert done.stdout == ""
