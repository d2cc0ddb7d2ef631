"""What a rank finds in its environment, and what a job cannot change there."""

import sys
from pathlib import Path

import pytest
from bostan_agent.runtime.environment import Gang, Identity, Places, rank_environment

IDENTITY = Identity(job_id="job7", attempt_id="job7-2", attempt_number=2)
GANG = Gang(rank=1, size=4, master_address="10.0.0.1", master_port=29500)
PLACES = Places(Path("/ranks/job7-2.1"), Path("/work"), Path("/checkpoint"), Path("/output"))
GPUS = ("GPU-11111111-aaaa", "GPU-22222222-bbbb")


def made(gpus=GPUS, user=None, gang=GANG):
    return rank_environment(IDENTITY, gang, gpus, PLACES, user or {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CUDA_VISIBLE_DEVICES", "GPU-11111111-aaaa,GPU-22222222-bbbb"),
        ("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
        ("RANK", "1"),
        ("WORLD_SIZE", "4"),
        ("NODE_RANK", "1"),
        ("NNODES", "4"),
        ("MASTER_ADDR", "10.0.0.1"),
        ("MASTER_PORT", "29500"),
        ("BOSTAN_JOB_ID", "job7"),
        ("BOSTAN_ATTEMPT_ID", "job7-2"),
        ("BOSTAN_ATTEMPT", "2"),
        ("BOSTAN_RANK", "1"),
        ("BOSTAN_GPUS", "2"),
        ("BOSTAN_WORK_DIR", "/work"),
        ("BOSTAN_CHECKPOINT_DIR", "/checkpoint"),
        ("BOSTAN_OUTPUT_DIR", "/output"),
        ("BOSTAN_SHIM_SOCKET", "/ranks/job7-2.1/sock"),
        ("HOME", "/work"),
    ],
)
def test_a_rank_is_told(name, value):
    assert made()[name] == value


def test_a_rank_on_a_slice_sees_that_slice_alone():
    assert made(gpus=("MIG-aaaa",))["CUDA_VISIBLE_DEVICES"] == "MIG-aaaa"


def test_a_rank_without_gpus_sees_none_rather_than_all():
    assert made(gpus=())["CUDA_VISIBLE_DEVICES"] == ""
    assert made(gpus=())["BOSTAN_GPUS"] == "0"


@pytest.mark.parametrize(
    "name",
    [
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "NVIDIA_VISIBLE_DEVICES",
        "RANK",
        "WORLD_SIZE",
        "NODE_RANK",
        "NNODES",
        "MASTER_ADDR",
        "MASTER_PORT",
        "BOSTAN_SHIM_SOCKET",
        "BOSTAN_ANYTHING",
        "RAY_ADDRESS",
    ],
)
def test_a_job_cannot_set(name):
    assert made(user={name: "forged"}).get(name) == made().get(name)


def test_a_job_sets_the_rest():
    environment = made(user={"LEARNING_RATE": "0.1", "HOME": "/elsewhere", "PYTHONUNBUFFERED": "0"})
    assert (environment["LEARNING_RATE"], environment["HOME"]) == ("0.1", "/elsewhere")
    assert environment["PYTHONUNBUFFERED"] == "0"


def test_nothing_of_the_agent_is_inherited(monkeypatch):
    before = made()
    for name in ("RAY_AUTH_TOKEN", "BOSTAN_PARK_TOKEN", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "secret")
    assert made() == before


def test_the_commands_of_bostan_are_found_after_the_jobs_own():
    ours = str(Path(sys.executable).parent)
    assert made()["PATH"].split(":")[-1] == ours
    assert made(user={"PATH": "/mine:/usr/bin"})["PATH"] == f"/mine:/usr/bin:{ours}"
