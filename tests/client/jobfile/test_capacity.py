"""Jobs that no park could ever run are refused before they are sent, with the line to change."""

import pytest
from bostan.jobfile import NodeKind, ParkCapacity, impossible, job_from, read_job

GIB = 2**30
PARKS = [
    ParkCapacity("stp-central", "a100-80g", 80 * GIB, gpus_per_node_max=4, gpus_total=16),
    ParkCapacity("stp-central", "t4-16g", 16 * GIB, gpus_per_node_max=8, gpus_total=16),
    ParkCapacity("industrial-dc", "a100-80g", 80 * GIB, gpus_per_node_max=8, gpus_total=24),
]


def told(capacity=PARKS, **fields):
    spec = job_from({"name": "a", "command": "x", **fields})
    return [str(finding) for finding in impossible(spec, capacity)]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"gpus": 8, "replicas": 3},
        {"gpus": 8, "gpu_classes": ["t4-16g"]},
        {"gpus": 8, "gpu_classes": ["h100-80g-sxm", "a100-80g"]},
        {"gpus": 8, "min_gpu_memory": "40GiB"},
        {"gpus": 4, "replicas": 4, "gpu_classes": ["a100-80g"], "parks": {"allow": ["stp-central"]}},
        {"gpus": 0, "replicas": 1000},
    ],
)
def test_a_job_that_some_park_could_run_passes(fields):
    assert told(**fields) == []


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"gpus": 16},
            "gpus: asks 16 GPUs on one node; the largest node has 8 t4-16g (stp-central); ask at most 8, and more replicas",
        ),
        (
            {"gpus": 8, "gpu_classes": ["a100-80g"], "parks": {"deny": ["industrial-dc"]}},
            "gpus: asks 8 GPUs on one node; the largest node has 4 a100-80g (stp-central); ask at most 4, and more replicas",
        ),
        (
            {"gpus": 8, "replicas": 4},
            "replicas: 4 x 8 GPUs in one park; the largest park has 24 a100-80g (industrial-dc); ask at most 3 replicas",
        ),
        (
            {"gpus": 1, "replicas": 40},
            "replicas: 40 x 1 GPUs in one park; the largest park has 24 a100-80g (industrial-dc); ask at most 24 replicas",
        ),
        (
            {"gpu_classes": ["a100-8og"]},
            "gpu_classes: no park has a100-8og; did you mean a100-80g?",
        ),
        (
            {"gpu_classes": ["t4-16g"], "parks": {"allow": ["industrial-dc"]}},
            "gpu_classes: no park has t4-16g; choose from a100-80g",
        ),
        (
            {"min_gpu_memory": "141GiB"},
            "min_gpu_memory: no park has a GPU with 141GiB; the largest has 80GiB",
        ),
        (
            {"parks": {"deny": ["stp-central", "industrial-dc"]}},
            "parks: leaves no park that has GPUs; allow more parks",
        ),
        (
            {"parks": {"allow": ["stp-centrl"]}},
            "parks.allow[0]: there is no park stp-centrl; did you mean stp-central?",
        ),
        (
            {"gpus": 0, "parks": {"prefer": ["moon"]}},
            "parks.prefer[0]: there is no park moon; choose from industrial-dc, stp-central",
        ),
    ],
)
def test_a_job_that_no_park_could_ever_run_is_told_why(fields, line):
    assert told(**fields) == [line]


NODES = [
    NodeKind("stp-central", "a100-80g", 4, cpus=32, memory_bytes=256 * GIB, nodes=4),
    NodeKind("stp-central", "t4-16g", 8, cpus=96, memory_bytes=128 * GIB, nodes=2),
    NodeKind("industrial-dc", "a100-80g", 8, cpus=128, memory_bytes=1024 * GIB, nodes=3),
    NodeKind("stp-central", None, 0, cpus=200, memory_bytes=64 * GIB, nodes=1),
    NodeKind("industrial-dc", None, 0, cpus=128, memory_bytes=1024 * GIB, nodes=3),
]
BESIDE = [
    ({"cpus": 129}, "cpus: asks 129 CPUs on one node; the largest with 1 such GPUs has 128 (industrial-dc); ask at most 128, and more replicas"),
    ({"gpus": 8, "cpus": 100, "gpu_classes": ["t4-16g"]}, "cpus: asks 100 CPUs on one node; the largest with 8 such GPUs has 96 (stp-central); ask at most 96, and more replicas"),
    ({"cpus": 64, "parks": {"deny": ["industrial-dc"]}, "gpu_classes": ["a100-80g"]}, "cpus: asks 64 CPUs on one node; the largest with 1 such GPUs has 32 (stp-central); ask at most 32, and more replicas"),
    ({"memory": "2TiB"}, "memory: asks 2TiB on one node; the largest with 1 such GPUs has 1TiB (industrial-dc); ask at most 1TiB, and more replicas"),
    ({"cpus": 64, "memory": "200GiB", "parks": {"allow": ["stp-central"]}}, "cpus: no node with 1 such GPUs has 64 CPUs and 200GiB of memory together; ask for less of one of them"),
    ({"cpus": 64, "replicas": 8}, "replicas: 8 replicas with 64 CPUs each in one park; industrial-dc has nodes for 6; ask at most 6 replicas"),
    ({"gpus": 0, "cpus": 201}, "cpus: asks 201 CPUs on one node; the largest node has 200 (stp-central); ask at most 200, and more replicas"),
    ({"gpus": 0, "memory": "600GiB", "replicas": 4}, "replicas: 4 replicas with 600GiB of memory each in one park; industrial-dc has nodes for 3; ask at most 3 replicas"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "line"), BESIDE)
def test_a_job_for_which_no_node_has_the_cpus_or_memory_is_told_why(fields, line):
    spec = job_from({"name": "a", "command": "x", **fields})
    assert [str(finding) for finding in impossible(spec, PARKS, (), NODES)] == [line]
    assert impossible(spec, PARKS) == []  # of a centre that tells nothing of its nodes


@pytest.mark.parametrize(
    "fields",
    [
        {"cpus": 128, "memory": "1TiB"},
        {"cpus": 64, "replicas": 6},
        {"gpus": 0, "cpus": 200},
        {"gpus": 0},
        {"gpu_milli": 250, "replicas": 96},
    ],
)
def test_a_job_for_which_some_nodes_have_the_cpus_and_memory_passes(fields):
    assert impossible(job_from({"name": "a", "command": "x", **fields}), PARKS, (), NODES) == []


def test_with_no_gpus_at_all_no_gpu_job_is_possible():
    assert told([]) == ["parks: leaves no park that has GPUs; allow more parks"]


def test_the_reason_is_placed_in_the_job_file(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncommand: x\n\ngpus: 16\n")
    job = read_job(path)
    (finding,) = impossible(job.spec, PARKS)
    assert str(job.located(finding)).startswith(f"{path}:4: gpus: asks 16 GPUs")
