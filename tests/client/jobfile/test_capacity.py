"""Jobs that no park could ever run are refused before they are sent, with the line to change."""

import pytest
from bostan.jobfile import ParkCapacity, impossible, job_from, read_job

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


def test_with_no_gpus_at_all_no_gpu_job_is_possible():
    assert told([]) == ["parks: leaves no park that has GPUs; allow more parks"]


def test_the_reason_is_placed_in_the_job_file(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncommand: x\n\ngpus: 16\n")
    job = read_job(path)
    (finding,) = impossible(job.spec, PARKS)
    assert str(job.located(finding)).startswith(f"{path}:4: gpus: asks 16 GPUs")
