"""A good job file: what it says, what it leaves out, and that the same job can be sent and read back."""

import jsonschema
import pytest
from bostan.errors import InvalidFile
from bostan.jobfile import JobSpec, job_from, job_schema, load_job, read_job
from hypothesis import given, settings
from hypothesis import strategies as st

FULL = """\
name: digits
firm: negar-nlp
project: speech
command: [python, train.py, --epochs, "10"]
work_dir: .
env: {LR: 1e-3, SEED: 007x, EMPTY: , DEBUG: true, ZERO: 0}
replicas: 2
gpus: 4
gpu_classes: [h100-80g-sxm, a100-80g]
cpus: 16
memory: 64GiB
time_limit: 1d12h
estimate: 9h
speeds: {h100-80g-sxm: 1, a100-80g: 0.45}
parks: {allow: [stp-central, industrial-dc], prefer: [industrial-dc]}
checkpoint: {signal: true, grace: 2m}
stop_grace: 45s
retries: {node_lost: 5, exit: 1}
lease: 6h
qos: reserved
"""


def test_every_field_of_a_job_is_read(job):
    spec = job(FULL)
    assert (spec.firm, spec.project, spec.replicas, spec.gpus, spec.cpus) == ("negar-nlp", "speech", 2, 4, 16)
    assert (spec.memory_bytes, spec.time_limit_seconds, spec.stop_grace_seconds) == (64 * 2**30, 129_600, 45)
    assert (spec.lease_seconds, spec.gpus_total) == (21_600, 8)
    assert spec.gpu_classes == ("h100-80g-sxm", "a100-80g")
    assert spec.parks.prefer == ("industrial-dc",)
    assert (spec.checkpoint.signal, spec.checkpoint.grace_seconds) == (True, 120)
    assert (spec.retries.node_lost, spec.retries.start_failed, spec.retries.exit) == (5, 3, 1)
    assert (spec.qos, spec.estimate_seconds) == ("reserved", 32_400)
    assert spec.speeds == {"h100-80g-sxm": 1.0, "a100-80g": 0.45}


def test_a_part_of_a_gpu_or_a_slice_of_one_may_be_asked_for(job):
    part = job("name: a\ncommand: x\ngpu_milli: 250\nqos: scavenger\n")
    assert (part.gpus, part.gpu_milli, part.qos) == (1, 250, "scavenger")
    cut = job("name: a\ncommand: x\ngpu_classes: [a100-80g/1g.10gb, a100-80g/1g.10gb+me]\n")
    assert cut.gpu_classes == ("a100-80g/1g.10gb", "a100-80g/1g.10gb+me")


def test_a_short_job_has_the_documented_defaults(job):
    spec = job("name: digits\ncommand: python train.py\n")
    assert (spec.replicas, spec.gpus, spec.time_limit_seconds, spec.stop_grace_seconds) == (1, 1, 86_400, 30)
    assert (spec.firm, spec.project, spec.cpus, spec.memory_bytes, spec.lease_seconds) == (None,) * 5
    assert (spec.gpu_classes, spec.min_gpu_memory_bytes, spec.checkpoint) == ((), None, None)
    assert (spec.retries.node_lost, spec.retries.start_failed, spec.retries.exit) == (3, 3, 0)
    assert (spec.work_dir, spec.qos) == (".", "standard")
    assert (spec.gpu_milli, spec.estimate_seconds, spec.speeds) == (1000, None, {})


def test_a_line_is_run_by_the_shell_and_a_list_as_it_stands(job):
    assert job("name: a\ncommand: echo $HOME\n").argv == ("/bin/sh", "-c", "echo $HOME")
    assert job("name: a\ncommand: [echo, $HOME]\n").argv == ("echo", "$HOME")


def test_environment_values_are_taken_as_written(job):
    env = {"LR": "1e-3", "SEED": "007x", "EMPTY": "", "DEBUG": "true", "ZERO": "0"}
    assert job(FULL).env == env


def test_the_work_folder_is_beside_the_job_file(tmp_path):
    (tmp_path / "code").mkdir()
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncommand: x\nwork_dir: code\n")
    assert read_job(path).work_folder == tmp_path / "code"
    path.write_text("name: a\ncommand: x\nwork_dir: null\n")
    assert read_job(path).work_folder is None


def test_a_job_cannot_be_changed_after_it_was_read(job):
    with pytest.raises(ValueError, match="frozen"):
        job(FULL).gpus = 8


def test_a_job_is_read_back_from_its_own_json(job):
    spec = job(FULL)
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert job_from(spec.model_dump(mode="json")) == spec
    assert spec.model_dump(mode="json")["time_limit"] == "1d12h"


def test_a_job_from_the_command_line_tells_its_mistakes_without_a_file():
    assert job_from({"name": "a", "command": ["x"], "time_limit": "2h"}).time_limit_seconds == 7200
    with pytest.raises(InvalidFile) as caught:
        job_from({"name": "a", "command": ["x\0"], "time_limit": 7200, "env": {"A": "b\0"}})
    assert [str(each) for each in caught.value.problems] == [
        "command line: command: holds a zero byte; remove it",
        "command line: env.A: is not 0 to 32768 characters of text; put it into a file",
        "command line: time_limit: 7200 is not a duration; write the unit: 7200s, 7200m or 7200h",
    ]


def test_the_schema_for_editors_accepts_what_the_loader_accepts(job):
    validator = jsonschema.Draft202012Validator(job_schema())
    validator.check_schema(job_schema())
    assert not list(validator.iter_errors(job(FULL).model_dump(mode="json", exclude_none=True)))
    for wrong in (
        {"name": "a"},
        {"name": "a", "command": "x", "gpu": 1},
        {"name": "a", "command": "x", "time_limit": 2},
        {"name": "a", "command": "x", "qos": "gold"},
        {"name": "a", "command": "x", "gpu_milli": 0.5},
        {"name": "a", "command": "x", "speeds": {"t4-16g": 0}},
        {"name": "a", "command": "x", "speeds": {"T4": 1}},
    ):
        assert list(validator.iter_errors(wrong))


KEYS = [*JobSpec.model_json_schema()["properties"], "nonsense"]
VALUES = [
    "1",
    "-1",
    "x",
    "'x'",
    "[a, b]",
    "{a: b}",
    "{grace: 1h}",
    "2h",
    "4GiB",
    "true",
    "null",
    "۲",
    "[[]]",
    "1e9",
    "''",
]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=8) | st.binary(max_size=60)
)
def test_any_file_is_a_job_or_an_invalid_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any-job.yaml"
    path.write_bytes(
        content if isinstance(content, bytes) else "".join(f"{k}: {v}\n" for k, v in content).encode()
    )
    try:
        assert load_job(path).name
    except InvalidFile as exc:
        problems = exc.problems
    else:
        return
    assert all(each.file == str(path) and each.line and str(each).isprintable() for each in problems)
