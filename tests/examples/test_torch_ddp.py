"""The torch example by hand: two torchruns as two nodes train one network, stop when told, and resume."""

import json
import signal
from pathlib import Path

import pytest
from bostan.jobfile import load_job

torch = pytest.importorskip(
    "torch", reason="torch is not installed here: the torch-ddp example runs only where it is"
)

JOB = Path(__file__).resolve().parent.parent.parent / "examples" / "torch-ddp" / "job.yaml"


def words_of_job():
    """The words of the job file's own command after the interpreter, less what the shell fills in."""
    command = load_job(JOB).command
    assert isinstance(command, str)
    return command.removeprefix("exec python3 ").split()


def start_gang(bench, port, epochs):
    """Both ranks, as Bostan would start them, on the CPU."""
    return [_start_rank(bench, rank, port, epochs) for rank in (0, 1)]


def _start_rank(bench, rank, port, epochs):
    variables = {
        "NNODES": "2",
        "NODE_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "BOSTAN_GPUS": "1",
    }
    words = [_filled(word, variables) for word in words_of_job()]
    words[-1] = str(epochs)
    quiet = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return bench.start("torch-ddp/train.py", *words, rank=rank, module=True, **quiet, **variables)


def _filled(word, variables):
    for name, value in variables.items():
        word = word.replace(f"${name}", value)
    return word


def test_two_ranks_train_one_network(bench, free_port):
    gang = start_gang(bench, free_port(), 12)
    assert [one.end() for one in gang] == [0, 0], [one.text for one in gang]
    assert "2 ranks over gloo, starting at epoch 0" in gang[0].text
    assert json.loads((bench.output() / "result.json").read_text())["accuracy"] > 0.7
    assert not (bench.output(1) / "result.json").exists()


def test_stopped_they_save_once_and_the_next_gang_goes_on_from_there(bench, free_port):
    gang = start_gang(bench, free_port(), 100_000)
    gang[0].until("epoch 2 of")
    for one in gang:
        one.process.send_signal(signal.SIGTERM)
    assert all(one.end() != 0 for one in gang)
    saved = int(gang[0].until("stopped after epoch").split()[-1])
    assert bench.declared[-1] == f"done --step {saved}"
    rest = start_gang(bench, free_port(), saved + 1)
    assert [one.end() for one in rest] == [0, 0], [one.text for one in rest]
    assert f"starting at epoch {saved}" in rest[0].text
