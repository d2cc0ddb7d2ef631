"""The spec of a rank: whole on the way to the shim, refused where it cannot be right."""

import json

import pytest
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.spec import Limits, RankKey, RankSpec

WHOLE = RankSpec(
    attempt_id="job-7_b",
    job_id="job",
    rank=3,
    argv=("python", "train.py"),
    env={"A": "1"},
    cwd="/work",
    lease_deadline_boottime_ns=10**18,
    gpu_uuids=("GPU-1", "GPU-2"),
    grace_seconds=12.5,
    checkpoint_on_signal=True,
    checkpoint_dir="/checkpoint",
    uid=1000,
    gid=1000,
    limits=Limits(memory_bytes=2**30, cpus=1.5, pids=100),
    cgroup=False,
)


def test_a_spec_survives_the_way_through_its_file():
    assert RankSpec.from_json(WHOLE.to_json()) == WHOLE


def test_what_a_newer_agent_adds_is_ignored():
    record = json.loads(WHOLE.to_json()) | {"colour": "green"}
    assert RankSpec.from_json(json.dumps(record)) == WHOLE


def test_whole_numbers_are_taken_for_seconds():
    record = json.loads(WHOLE.to_json()) | {"grace_seconds": 3}
    assert RankSpec.from_json(json.dumps(record)).grace_seconds == 3.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attempt_id": "../up"}, "attempt_id '../up' must be"),
        ({"attempt_id": ""}, "attempt_id '' must be"),
        ({"rank": -1}, "rank -1 must be 0 or more"),
        ({"rank": "3"}, "field 'rank' must be int, not str"),
        ({"rank": True}, "field 'rank' must be int, not bool"),
        ({"argv": []}, "field 'argv' must name a command"),
        ({"argv": ["a\0b"]}, "field 'argv' must hold no NUL byte"),
        ({"argv": ["a", 1]}, "field 'argv' must be str, not int"),
        ({"env": {"A": 1}}, "field 'env.A' must be str, not int"),
        ({"cwd": "work"}, "field 'cwd' must be an absolute path"),
        ({"grace_seconds": -1}, "field 'grace_seconds' must be 0 or more"),
        ({"log_files_max": 0}, "field 'log_files_max' must be 1 or more"),
        ({"log_bytes_max": 2}, "field 'log_bytes_max' must hold a byte for each log file"),
        ({"uid": None}, "field 'gid' needs field 'uid'"),
        ({"limits": {"pids": "many"}}, "field 'pids' must be int"),
        ({"version": 2}, "field 'version' is 2; this shim reads 1"),
    ],
)
def test_a_wrong_field_is_named(changes, words):
    record = json.loads(WHOLE.to_json()) | changes
    with pytest.raises(SpecError) as refused:
        RankSpec.from_json(json.dumps(record))
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null"])
def test_what_is_no_spec_is_refused(text):
    with pytest.raises(SpecError, match=r"spec.json"):
        RankSpec.from_json(text)


@pytest.mark.parametrize(
    "name", sorted(json.loads(WHOLE.to_json()).keys() - {"uid", "gid", "checkpoint_dir"})
)
def test_a_missing_field_is_named(name):
    record = json.loads(WHOLE.to_json())
    del record[name]
    with pytest.raises(SpecError, match=f"field '{name}' is missing"):
        RankSpec.from_json(json.dumps(record))


@pytest.mark.parametrize("name", ["try1.0", "a-b_c.12"])
def test_a_folder_name_names_a_rank(name):
    assert RankKey.of_folder_name(name).folder_name == name


@pytest.mark.parametrize("name", ["try1", "try1.", ".0", "try1.x", "try1.-1", "a b.0", ".try1.0.new", "..0"])
def test_other_folders_name_none(name):
    assert RankKey.of_folder_name(name) is None
