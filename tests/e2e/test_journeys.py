"""The ways of a startup through the whole system: submit, follow, requeue, a gang, a sweep, the output at home."""

import json
import subprocess
import sys

import pytest
from land import EXAMPLES

pytestmark = pytest.mark.ray


def test_a_followed_training_survives_its_requeue_and_brings_its_accuracy_home(land, tmp_path):
    job_file = land.job_file("digits/job.yaml", "--epochs", "30", "--epoch-seconds", "0.1")
    following = land.begin(land.member, "submit", str(job_file), "--follow")
    with land.client(land.member) as client:
        job = land.until("it is submitted", lambda: next(client.jobs(name="digits"), None))
    land.until_log(land.member, job.id, "epoch 3 ")
    before = land.node_of(land.member, job.id)

    done = land.command(land.member, "requeue", job.id, "--avoid-node")
    assert done.code == 0, done.err
    out, err = (each.decode() for each in following.communicate(timeout=90))

    assert following.returncode == 0, err
    starts = [int(line.rpartition(" ")[2]) for line in out.splitlines() if "starting at epoch" in line]
    assert starts[0] == 0
    assert starts[-1] > 0
    assert len(starts) == 2
    assert "accuracy 0.9" in out.splitlines()[-1]
    assert land.node_of(land.member, job.id) != before
    attempts = land.command(land.member, "show", job.id, "-o", "json").json
    assert (attempts["attempts"], attempts["state"], attempts["attempt"]["resumed_from_step"]) == (
        2,
        "succeeded",
        starts[-1],
    )

    results = tmp_path / "results"
    downloaded = land.command(land.member, "download", job.id, "-C", str(results))
    assert downloaded.code == 0, downloaded.err
    assert json.loads((results / "result.json").read_text())["accuracy"] > 0.9
    usage = land.command(land.admin, "usage", "-o", "json").json["rows"]
    assert usage[0]["firm"] == "bench"
    assert usage[0]["gpu_milliseconds"] > 2000


def test_a_gang_trains_on_two_nodes_with_all_their_gpus(land):
    job_file = land.job_file("digits/gang.yaml", "--epochs", "4", gpus=2)
    done = land.command(land.member, "submit", str(job_file), "--follow")
    assert done.code == 0, done.err
    assert "rank 0 of 2" in done.out
    with land.client(land.member) as client:
        job = next(client.jobs(name="digits-gang"))
    assert {land.node_of(land.member, job.id, rank) for rank in (0, 1)} == {"here/n1", "here/n2"}
    assert [rank.exit_code for rank in job.attempt.ranks] == [0, 0]


def test_a_sweep_prints_its_best_learning_rate(land):
    script = [sys.executable, str(EXAMPLES / "sweep" / "sweep.py"), "--python", sys.executable]
    done = subprocess.run(
        [*script, "--epochs", "2", "--rates", "0.1", "0.0001"],
        env={"BOSTAN_URL": land.address["url"], "BOSTAN_TOKEN": land.member},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("best: rate 0.1 with accuracy 0.")


def test_run_streams_the_output_and_exits_with_the_code_of_the_command(land):
    words = ("run", "--no-work-dir", "--gpus", "1", "--")
    done = land.command(land.member, *words, "/bin/sh", "-c", "echo hello from $BOSTAN_JOB_ID; exit 7")
    assert (done.code, done.out[:10]) == (7, "hello from"), done.err
    killed = land.command(land.member, *words, "/bin/sh", "-c", "kill -9 $$")
    assert killed.code == 128 + 9, killed.err
    fine = land.command(land.member, *words, "/bin/sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert fine.code == 0
    assert fine.out.startswith("GPU-")


def test_a_cancelled_job_ends_whatever_it_did_to_stay(land):
    stubborn = "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 600' &) ; echo ready; sleep 600; sleep 600"
    job_file = land.folder / "stubborn.yaml"
    job_file.write_text(f"name: stubborn\nwork_dir: null\nstop_grace: 1s\ncommand: {json.dumps(stubborn)}\n")
    job = land.command(land.member, "submit", str(job_file), "-o", "json").json
    land.until_log(land.member, job["id"], "ready")
    land.remember()
    mine = [one for one in land.left() if "sleep 600" in " ".join(one.cmdline())]
    assert mine
    assert land.command(land.member, "cancel", job["id"]).code == 0
    land.until_state(land.member, job["id"], "cancelled")
    assert not [one for one in mine if one.is_running()]


def test_when_a_job_would_start_is_said_before_it_is_submitted(land):
    job_file = land.folder / "estimated.yaml"
    job_file.write_text("name: estimated\nwork_dir: null\ncommand: 'true'\n")
    found = land.command(land.member, "estimate", str(job_file), "-o", "json")
    assert (found.code, found.json["available"], found.json["samples"]) == (0, True, 40)


def test_what_waits_says_why(land):
    other = land.person("other-engineer", role="member", firm="other")
    words = ("run", "--detach", "--no-work-dir", "--gpus", "1", "-o", "json", "--")
    first, second = (land.command(other, *words, "/bin/sleep", "600").json["id"] for _ in range(2))
    land.until_state(other, first, "running")
    job = land.until(
        "it waits for quota", lambda: next((one for one in [land.job(other, second)] if one.wait), None)
    )
    assert job.wait.reason == "quota"
    why = land.command(other, "why", second)
    assert "quota" in why.out
    assert "What would help:" in why.out
    assert "starts between" in why.out or "no forecast" in why.out + why.err
    for one in (second, first):
        assert land.command(other, "cancel", one).code == 0
        land.until_state(other, one, "cancelled")
