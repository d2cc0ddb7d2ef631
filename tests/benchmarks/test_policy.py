"""The benches over traces, on a few jobs of each format that can be followed by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.policy import gavel, muri, philly_vc, shockwave
from benchmarks.policy.__main__ import main
from benchmarks.policy.runs import FREE_SRSF, FREE_STRICT_FIFO, SERVICE, SRSF, STRICT_FIFO

Figures = dict[tuple[str, str], float]
Bench = Callable[..., Figures]

# The second waits for all 64 GPUs until the first is done.
MURI = (
    "job_id,num_gpu,submit_s,duration_s,model,iteration_time_ms\n0,64,0,1000,vgg16,1\n1,64,100,500,bert,1\n"
)
# All 32 GPUs each, one after the other; each start costs 20 s.
SHOCKWAVE = (
    "job_id,model,num_gpu,adaptation,submit_s,isolated_duration_s\n0,LM,32,gns,0,100\n1,LM,32,gns,0,100\n"
)
# Two hours on a V100, twice as fast on a P100, which takes the whole class.
GAVEL = "seed,job_index,arrival_unit,model,num_gpus,duration_v100_s,total_steps\n0,0,0.5,LM,36,7200,1\n"
THROUGHPUTS = "model,num_gpus,v100_steps_per_s,p100_steps_per_s,k80_steps_per_s\nLM,36,10,20,0\n"
# Negar's two jobs need a node each and it owns one; parsa's is idle meanwhile.
PHILLY = "job_index,submit_s,duration_s,num_gpu,vc\n0,0,1000,8,negar\n1,0,1000,8,negar\n2,5000,10,1,parsa\n"
OWNED = "vc,node num\nnegar,4\nparsa,4\n"
MURI_PUBLISHED = """scheduler,trace,metric,value_s
SRSF,trace3,avg_jct_s,1000
SRSF,trace3,p99_jct_s,5000
SRSF,trace3,makespan_s,9000
Tiresias_L,trace3,avg_jct_s,3000
themis,trace3,avg_jct_s,2000
"""
GAVEL_PUBLISHED = """figure,policy,jobs_per_hour_or_num_jobs,metric,value
continuous-multiple FIFO,Gavel (FIFO het-aware),2.0,avg_jct_h,20.4
continuous-multiple FIFO,FIFO,2.0,avg_jct_h,31.1
fig9 continuous-multiple LAS,Gavel (LAS het-aware),2.0,avg_jct_h,18.7
"""
SHOCKWAVE_PUBLISHED = """policy,run,makespan_s,avg_jct_s,p99_jct_s,worst_ftf,unfair_pct,cluster_util
shockwave,fidelity_physical,1,1,1,1,1,1
shockwave,simulation_canonical,10,20,30,1.5,4,0.8
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Writes a file to a folder that holds all traces there are."""
    monkeypatch.setenv("BOSTAN_TRACES", str(tmp_path))

    def to(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return to


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The figures of a bench by case and metric, read back from its JSON."""

    def run(*arguments: object) -> Figures:
        out = tmp_path / "out.json"
        assert main([*map(str, arguments), "--json", str(out)]) == 0
        found = json.loads(out.read_text())["results"]
        return {(one["case"], one["metric"]): one["value"] for one in found}

    return run


def test_muri_first_come_first_served(write, bench):
    figures = bench(
        "muri", "--trace", write("two.csv", MURI), "--sigma", 0, "--restart", 300, "--order", "fifo"
    )
    assert figures == {
        ("two", "avg_jct_seconds"): 1200,
        ("two", "p99_jct_seconds"): 1400,
        ("two", "makespan_seconds"): 1500,
    }


def test_muri_where_the_smaller_pushes_in_for_free_and_where_a_restart_costs(write, bench):
    figures = bench("muri", "--trace", write("two.csv", MURI), "--sigma", 0, "--restart", 100)
    # Idealised: at 100 s the second takes over, until 600 s; the first has 900 s left.
    assert figures["two, srsf, idealised", "avg_jct_seconds"] == (1500 + 500) / 2
    # Else room is made at most every 360 s, when the first has 640 s left and 100 s to pay.
    assert figures["two, srsf", "makespan_seconds"] == 360 + 500 + 100 + 640
    assert ("two", "avg_jct_seconds") in figures


def test_muri_where_the_smaller_waits_since_a_restart_costs_more_than_it_gains(write, bench):
    figures = bench(
        "muri", "--trace", write("two.csv", MURI), "--sigma", 0, "--restart", 300, "--order", "srsf"
    )
    # At 360 s the first has 640 s left: less than the 500 s of the second and 300 s to pay.
    assert figures["two", "makespan_seconds"] == 1000 + 500


def test_each_error_of_estimates_is_a_case_of_its_own(write, bench):
    figures = bench("muri", "--trace", write("two.csv", MURI), "--sigma", "0,none", "--order", "fifo")
    assert {case for case, _ in figures} == {"two, sigma 0", "two, sigma none"}


def test_shockwave_pays_for_first_starts_too(write, bench):
    figures = bench("shockwave", "--trace", write("two.csv", SHOCKWAVE), "--order", "fifo")
    assert figures["two", "makespan_seconds"] == 240
    assert figures["two", "avg_jct_seconds"] == 180
    assert figures["two", "worst_rho"] == pytest.approx(2.4)
    assert figures["two", "unfair_percent"] == 100


def test_gavel_takes_the_fastest_class(write, bench):
    files = (write("one.csv", GAVEL), "--throughputs", write("steps.csv", THROUGHPUTS))
    figures = bench(
        "gavel", "--trace", *files, "--rate", "2.0", "--seeds", 0, "--sigma", 0, "--order", "fifo"
    )
    assert figures == {("one, 2.0 jobs/h", "avg_jct_hours"): 1.0}


def test_calibrations_pass_nobody(write, bench):
    """The third job would fit beside the first, but the second, which waits for all GPUs, came before it."""
    jobs = "0,LM,16,gns,0,1000\n1,LM,32,gns,1,100\n2,LM,16,gns,2,100\n"
    head = SHOCKWAVE.partition("\n")[0]
    trace = write("three.csv", f"{head}\n{jobs}")
    strict = bench("shockwave", "--trace", trace, "--restart", 0)["three, strict fifo", "avg_jct_seconds"]
    passes = bench("shockwave", "--trace", trace, "--restart", 0, "--order", "fifo")
    assert strict == pytest.approx((1000 + 1099 + 1198) / 3)
    assert passes["three", "avg_jct_seconds"] == pytest.approx((1000 + 1099 + 100) / 3)


def test_gavel_is_calibrated_at_the_first_rate_where_a_running_job_goes_on_in_a_faster_class(write, bench):
    """Two jobs of a whole class: the second goes on twice as fast as soon as the first has left the P100s."""
    jobs = GAVEL + "0,1,0.5,LM,36,7200,1\n"
    files = (write("two.csv", jobs), "--throughputs", write("steps.csv", THROUGHPUTS))
    figures = bench("gavel", "--trace", *files, "--rate", "2.0,2.4", "--seeds", 0, "--sigma", 0)
    # Measured is the second: an hour on the V100s, half done, then half an hour on the P100s.
    assert figures["two, 2.0 jobs/h, strict fifo, idealised", "avg_jct_hours"] == 1.5
    assert ("two, 2.4 jobs/h, strict fifo, idealised", "avg_jct_hours") not in figures
    assert ("two, 2.4 jobs/h", "avg_jct_hours") in figures


def test_peers_of_a_calibration_are_the_same_policy(write):
    write("gavel_published.csv", GAVEL_PUBLISHED)
    write("shockwave_tacc120_published.csv", SHOCKWAVE_PUBLISHED)
    theirs = gavel.beside(FREE_STRICT_FIFO, 2.0)
    assert (theirs.peer, theirs.values) == ("Gavel (FIFO het-aware)", {"avg_jct_hours": 20.4})
    assert gavel.beside(FREE_STRICT_FIFO, 2.8).values == {}
    assert gavel.beside(SERVICE, 2.0).targets == {"avg_jct_hours": 18.7}
    assert shockwave.beside("shockwave_tacc120", STRICT_FIFO, 0.0).peer == "strict-fifo in theirs"
    pool, partition = philly_vc.beside(STRICT_FIFO)
    assert pool.peer == partition.peer == "plain event simulator"
    assert pool.values["avg_jct_seconds"] < partition.values["avg_jct_seconds"]


def test_philly_firms_that_lend_what_is_idle(write, bench):
    files = ("--jobs", write("vc.csv", PHILLY), "--nodes", write("nodes.csv", OWNED))
    figures = bench("philly-vc", *files, "--order", "fifo")
    assert figures["vc", "avg_jct_seconds"] == pytest.approx((1000 + 1000 + 10) / 3)
    assert figures["vc, partition", "avg_jct_seconds"] == pytest.approx((1000 + 2000 + 10) / 3)
    assert figures["vc", "worst_tenant_queue_ratio"] == 0


def test_a_quick_look_leaves_calibrations_out(write, bench):
    figures = bench("shockwave", "--trace", write("two.csv", SHOCKWAVE), "--quick")
    assert {case for case, _ in figures} == {"two, srsf", "two"}


@pytest.mark.parametrize("name", ["muri", "shockwave", "gavel", "philly-vc"])
def test_a_bench_without_its_traces_says_so_and_is_skipped(name, write, capsys):
    assert main([name]) == 0
    assert "skipped" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_told(write, tmp_path, capsys):
    assert main(["muri", "--trace", str(tmp_path / "gone.csv")]) == 2
    assert "gone.csv" in capsys.readouterr().err


def test_a_job_that_is_too_large_for_the_pool_is_told(write, capsys):
    trace = write("large.csv", MURI.replace("0,64,", "0,72,"))
    assert main(["muri", "--trace", str(trace), "--sigma", "0", "--order", "fifo"]) == 2
    assert "1 of 2 jobs were not done, as j00000 with 72 GPUs" in capsys.readouterr().err


def test_peers_and_targets_of_muri_are_read_from_the_published_table(write):
    write("muri_published.csv", MURI_PUBLISHED)
    perfect = muri.beside("muri_philly_trace3", SERVICE, 0.0)
    assert perfect.values == {
        "avg_jct_seconds": 1000,
        "p99_jct_seconds": 5000,
        "makespan_seconds": 9000,
    }
    assert perfect.targets == pytest.approx({"avg_jct_seconds": 1100, "p99_jct_seconds": 5500})
    assert muri.beside("muri_philly_trace3", SRSF, 0.0).targets["avg_jct_seconds"] == 1000
    assert muri.beside("muri_philly_trace3", FREE_SRSF, 0.0).targets == {"avg_jct_seconds": 1080}


def test_without_knowing_run_times_the_peer_is_the_better_of_those_that_do_not(write):
    write("muri_published.csv", MURI_PUBLISHED)
    blind = muri.beside("muri_philly_trace3", SERVICE, None)
    assert (blind.peer, blind.values) == ("themis", {"avg_jct_seconds": 2000})
    assert blind.targets == {"avg_jct_seconds": 2100}


def test_another_trace_than_the_published_has_neither_peer_nor_target(write):
    write("muri_published.csv", MURI_PUBLISHED)
    assert muri.beside("muri_philly_trace9", SRSF, 0.0) == muri.Beside()


def test_the_peer_of_the_production_default_is_shockwave_in_simulation(write):
    write("shockwave_tacc120_published.csv", SHOCKWAVE_PUBLISHED)
    peer = shockwave.beside("shockwave_tacc120", SERVICE, 0.0)
    assert (peer.peer, peer.values["makespan_seconds"], peer.values["worst_rho"]) == ("Shockwave", 10, 1.5)
