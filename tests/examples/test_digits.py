"""The digits example by hand: it learns, saves when asked, resumes where it was, and trains as a gang."""

import json
import signal

import numpy as np


def accuracy(bench, rank=0):
    return json.loads((bench.output(rank) / "result.json").read_text())["accuracy"]


def weights(path):
    with np.load(path) as saved:
        return [saved[name] for name in saved.files]


def test_asked_by_a_signal_it_saves_and_resumed_it_ends_as_if_it_had_never_been_cut(bench):
    whole = bench.start("digits/train.py", "--epochs", "12", "--checkpoint-every", "100", rank=1)
    assert whole.end() == 0, whole.text
    assert accuracy(bench, 1) > 0.85
    assert bench.declared == []

    first = bench.start(
        "digits/train.py", "--epochs", "12", "--epoch-seconds", "0.2", "--checkpoint-every", "100"
    )
    first.until("epoch 2 of")
    first.process.send_signal(signal.SIGUSR1)
    saved = int(first.until("saved a checkpoint").split()[-1])
    first.process.kill()
    first.end()
    assert bench.declared == [f"done --step {saved}"]

    second = bench.start("digits/train.py", "--epochs", "12", "--checkpoint-every", "100")
    assert second.end() == 0, second.text
    assert f"starting at epoch {saved}" in second.text
    ended = [weights(bench.output(rank) / "weights.npz") for rank in (0, 1)]
    for resumed, uncut in zip(*ended, strict=True):
        np.testing.assert_array_equal(resumed, uncut)


def test_a_gang_of_two_averages_its_gradients_and_ends_with_the_same_weights_on_both(bench, free_port):
    port = free_port()
    ranks = [
        bench.start(
            "digits/train.py",
            "--epochs",
            "3",
            "--checkpoint-every",
            "3",
            rank=rank,
            RANK=str(rank),
            WORLD_SIZE="2",
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
            BOSTAN_CHECKPOINT_DIR=str(_made(bench.folder / f"checkpoint-{rank}")),
        )
        for rank in (1, 0)
    ]
    assert [one.end() for one in ranks] == [0, 0], [one.text for one in ranks]
    states = [weights(bench.folder / f"checkpoint-{rank}" / "state.npz") for rank in (0, 1)]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
    assert accuracy(bench) > 0.3


def test_a_rank_whose_peer_dies_ends_with_an_error_and_does_not_hang(bench, free_port):
    port = free_port()
    gang = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    words = ("--epochs", "1000", "--epoch-seconds", "0.05")
    first = bench.start("digits/train.py", *words, RANK="0", **gang)
    second = bench.start("digits/train.py", *words, rank=1, RANK="1", **gang)
    first.until("epoch 1 of")
    second.process.kill()
    assert first.end() != 0
    assert "another rank has hung up" in first.text or "Connection" in first.text


def _made(path):
    path.mkdir()
    return path
