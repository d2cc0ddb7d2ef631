"""Traces of every format: what is read from a good one, and what is said of a bad one."""

import gzip

import pytest
from bostan.errors import BostanError, InvalidFile
from bostan_scheduler.core.job import Qos
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.world import YEARS_10

MURI = "job_id,num_gpu,submit_s,duration_s,model,iteration_time_ms\n"
SHOCKWAVE = "job_id,model,num_gpu,adaptation,submit_s,isolated_duration_s,total_steps\n"
PHILLY = "job_index,submit_s,duration_s,num_gpu,vc\n"
GAVEL = "seed,job_index,arrival_unit,model,num_gpus,duration_v100_s,total_steps\n"
SPEEDS = "model,num_gpus,v100_steps_per_s,p100_steps_per_s,k80_steps_per_s\nResNet,2,10,20,0\n"
OPENB = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
SWF = "; Version: 2.2\n"


def read(tmp_path, kind, text, **options):
    (tmp_path / "trace").write_text(text)
    (tmp_path / "speeds.csv").write_text(SPEEDS)
    return read_trace(f"{kind}:trace", Options(options, tmp_path))


def test_muri(tmp_path):
    assert read(tmp_path, "muri", MURI + "0,4,10,99.5,dqn,490\n") == [Asked(10, 99.5, 4, "dqn")]


def test_shockwave(tmp_path):
    assert read(tmp_path, "shockwave", SHOCKWAVE + "0,LM,1,gns,0,1224.797,134583\n") == [
        Asked(0, 1224.797, 1, "LM")
    ]


def test_philly_by_virtual_cluster_cuts_its_window_out(tmp_path):
    text = PHILLY + "0,5,10,8,a\n1,100,10,1,b\n2,150,20,2,a\n3,200,10,1,a\n"
    found = read(tmp_path, "philly-vc", text, from_seconds="100", until_seconds="200", firms="a")
    assert found == [Asked(50, 20, 2, firm="a")]


def test_gavel_knows_how_fast_a_model_is_on_each_class_and_where_it_does_not_run(tmp_path):
    text = GAVEL + "0,0,1.5,ResNet,2,100,7\n1,0,9,ResNet,2,100,7\n"
    [one] = read(tmp_path, "gavel", text, throughputs="speeds.csv", jobs_per_hour="2")
    assert (one.submit_seconds, one.run_seconds, one.gpus) == (2700, 100, 2)
    assert one.speeds == (("p100", 2.0), ("v100", 1.0))
    assert one.gpu_classes == ("p100", "v100")


def test_openb_has_parts_of_gpus_and_passes_over_what_took_no_time(tmp_path):
    text = (
        OPENB
        + "p0,12000,16384,1,460,V100M16|V100M32,LS,Running,5,100,20\n"
        + "p1,1,1,0,0,,BE,Running,0,9,\n"
        + "p2,1000,1,1,1000,,LS,Running,9,9,\n"
        + "p3,1000,1,1,1000,,LS,Running,9,,\n"
    )
    [one] = read(tmp_path, "openb", text)
    assert (one.submit_seconds, one.run_seconds, one.gpus, one.gpu_milli) == (5, 80, 1, 460)
    assert (one.gpu_classes, one.cpus, one.memory_bytes) == (("V100M16", "V100M32"), 12, 2**34)
    kept = read(tmp_path, "openb", text, cpu_only="keep")
    assert [job.gpus for job in kept] == [1, 0]


def test_swf_turns_processors_into_gpus_and_passes_over_what_never_ran(tmp_path):
    ran = "1 10 5 3600 16 -1 -1 16 7200 -1 1 4 2 -1 1 -1 -1 -1\n"
    cancelled = "2 10 -1 -1 -1 -1 -1 16 7200 -1 5 4 2 -1 1 -1 -1 -1\n"
    unasked = "3 20 5 60 -1 -1 -1 3 -1 -1 1 4 9 -1 1 -1 -1 -1\n"
    assert read(tmp_path, "swf", SWF + ran + cancelled + unasked, gpus_per_processor="0.25") == [
        Asked(10, 3600, 4, firm="group-2", time_limit_seconds=7200, estimate_seconds=7200),
        Asked(20, 60, 1, firm="group-9", time_limit_seconds=YEARS_10),
    ]
    assert {one.firm for one in read(tmp_path, "swf", SWF + ran, firm="user")} == {"user-4"}


def test_a_packed_file_reads_the_same(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((MURI + "0,4,10,99,dqn,490\n").encode()))
    assert read_trace("muri:t.csv.gz", Options({}, tmp_path)) == [Asked(10, 99, 4, "dqn", qos=Qos.STANDARD)]


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("muri", "", "trace:1: num_gpu: is not in the header; it has nothing"),
        ("muri", MURI, "trace:2: has no rows; give at least one"),
        ("muri", "a,b\n1,2\n", "trace:1: num_gpu: is not in the header; it has a, b"),
        ("muri", MURI + "0,4,10\n", "trace:2: has 3 values, the header 6; give each column a value"),
        ("muri", MURI + "0,0,10,99,dqn,1\n", "trace:2: num_gpu: is 0; write 1 to 1e+06"),
        ("muri", MURI + "0,1.5,10,99,dqn,1\n", "trace:2: num_gpu: is 1.5; write a whole number"),
        ("muri", MURI + "0,1,-1,99,dqn,1\n", "trace:2: submit_s: is -1; write 0 to 3.1536e+08"),
        ("muri", MURI + "0,1,1,99,dqn,1\n0,1,x,9,d,1\n", "trace:3: submit_s: is not a number: 'x'"),
        ("muri", MURI + "0,1,1,nan,dqn,1\n", "trace:2: duration_s: is nan; write 0 to 3.1536e+08"),
        ("muri", MURI + "0,1,1,0,dqn,1\n", "trace:2: duration_s: is 0; write a number above 0"),
        ("muri", MURI + "0,1,1,9,,1\n", "trace:2: model: is empty; write a value"),
        ("shockwave", SHOCKWAVE + "0,LM,1,gns,0,inf,1\n", "trace:2: isolated_duration_s: is inf"),
        ("shockwave", SHOCKWAVE + "0,LM,many,gns,0,5,1\n", "trace:2: num_gpu: is not a number: 'many'"),
        ("philly-vc", PHILLY + "0,0,5,8,\n", "trace:2: vc: is empty; write a value"),
        ("philly-vc", PHILLY + "0,0,5,2000000,a\n", "trace:2: num_gpu: is 2000000; write 1 to 1e+06"),
        ("gavel", GAVEL + "0,0,1,VGG,1,9,7\n", "trace:2: model: 'VGG' on 1 GPUs is not in the throughputs"),
        ("gavel", GAVEL + "0,0,-2,ResNet,2,9,7\n", "trace:2: arrival_unit: is -2"),
        ("openb", OPENB + "p,1,1,2,460,,LS,R,0,9,0\n", "trace:2: gpu_milli: is 460 on 2 GPUs"),
        ("openb", OPENB + "p,1,1,1,0,,LS,R,0,9,0\n", "trace:2: gpu_milli: is 0 on 1 GPUs"),
        ("openb", OPENB + "p,1,1,1,1001,,LS,R,0,9,0\n", "trace:2: gpu_milli: is 1001; write 0 to 1000"),
        ("openb", OPENB + "p,1,1,1,500,,LS,R,0,9,10\n", "trace:2: deletion_time: is 9, before 10"),
        ("swf", SWF, "trace:1: has no jobs; give at least one"),
        ("swf", SWF + "1 2 3\n", "trace:2: has 3 fields; write 18, -1 for what is not known"),
        ("swf", SWF + "1 x 5 60 1" + " -1" * 13 + "\n", "trace:2: submit time: is not a number: 'x'"),
        ("swf", SWF + "1 1 5 60 1.5" + " -1" * 13 + "\n", "trace:2: allocated processors: is 1.5"),
    ],
)
def test_a_bad_trace_names_the_line_and_the_field(tmp_path, kind, text, told):
    options = {"throughputs": "speeds.csv"} if kind == "gavel" else {}
    with pytest.raises(InvalidFile) as error:
        read(tmp_path, kind, text, **options)
    assert str(error.value).startswith(f"{tmp_path}/{told}")


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("muri", {"seed": "1"}, "--trace-option: seed: is not known to this format; it knows: none"),
        ("gavel", {}, "--trace-option: throughputs: is missing; add throughputs=FILE"),
        (
            "gavel",
            {"throughputs": "speeds.csv", "jobs_per_hour": "0"},
            "--trace-option: jobs_per_hour: is '0'",
        ),
        ("philly-vc", {"from_seconds": "soon"}, "--trace-option: from_seconds: is 'soon'"),
        ("swf", {"firm": "queue"}, "--trace-option: firm: is 'queue'; write group or user or none"),
    ],
)
def test_a_bad_option_is_named(tmp_path, kind, options, told):
    with pytest.raises(InvalidFile) as error:
        read(tmp_path, kind, MURI, **options)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize("text", ["muri", "muri:", "mury:trace", ":trace"])
def test_a_trace_is_a_known_format_and_a_file(tmp_path, text):
    with pytest.raises(BostanError, match="write FORMAT:FILE with one of muri, openb"):
        read_trace(text, Options({}, tmp_path))


def test_a_file_that_is_not_there_or_not_whole_is_named(tmp_path):
    with pytest.raises(InvalidFile, match="gone: cannot be read"):
        read_trace("muri:gone", Options({}, tmp_path))
    packed = gzip.compress((MURI + "0,4,10,99,dqn,490\n" * 1000).encode())
    (tmp_path / "cut.csv.gz").write_bytes(packed[:-20])
    with pytest.raises(InvalidFile, match="cannot be read"):
        read_trace("muri:cut.csv.gz", Options({}, tmp_path))


def test_more_rows_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bostan_scheduler.sim.readers.table.ROWS_MAX", 2)
    with pytest.raises(InvalidFile, match=r"trace:4: has more than 2 rows; cut it"):
        read(tmp_path, "muri", MURI + "0,4,10,99,dqn,490\n" * 3)
