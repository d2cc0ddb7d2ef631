"""Trains a digit classifier, alone or as one rank of a gang, and can be cut short at any time."""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from checkpoint import Checkpoints
from gang import Gang
from network import RATE, Network
from numpy.typing import NDArray
from sklearn.datasets import load_digits

BATCH = 64


def main() -> None:
    """Train, and leave the weights and the accuracy behind."""
    arguments = parse()
    gang = Gang.from_environment()
    train, test = data()
    network, checkpoints = Network(seed=0, rate=arguments.rate), Checkpoints.from_environment()
    first = checkpoints.resume(network)
    say(gang, f"{network.device}, rank {gang.rank} of {gang.size}, starting at epoch {first}")
    for epoch in range(first, arguments.epochs):
        until = time.monotonic() + arguments.epoch_seconds
        loss = one_epoch(network, gang, *mine(gang, train), epoch)
        say(
            gang,
            f"epoch {epoch + 1} of {arguments.epochs}: loss {loss:.4f}, accuracy {network.accuracy(*test):.4f}",
        )
        if checkpoints.wanted or (epoch + 1) % arguments.checkpoint_every == 0:
            checkpoints.save(network, epoch + 1)
            say(gang, f"saved a checkpoint after epoch {epoch + 1}")
        time.sleep(max(0.0, until - time.monotonic()))
    gang.close()
    leave_behind(gang, network, network.accuracy(*test))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=RATE, help="learning rate")
    parser.add_argument("--checkpoint-every", type=int, default=20, metavar="EPOCHS")
    parser.add_argument(
        "--epoch-seconds", type=float, default=0.0, help="make an epoch last at least so long"
    )
    return parser.parse_args()


Samples = tuple[NDArray[np.float64], NDArray[np.int64]]


def data() -> tuple[Samples, Samples]:
    """1,797 images of 8 by 8 pixels: the first 1,437 to learn from, the rest to be asked about."""
    digits = load_digits()
    images, labels = digits.data / 16.0, digits.target.astype(np.int64)
    return (images[:1437], labels[:1437]), (images[1437:], labels[1437:])


def mine(gang: Gang, samples: Samples) -> Samples:
    """This rank's part, the same size on every rank, so that all take the same number of steps."""
    images, labels = samples
    size = len(images) // gang.size
    part = slice(gang.rank * size, (gang.rank + 1) * size)
    return images[part], labels[part]


def one_epoch(
    network: Network, gang: Gang, images: NDArray[np.float64], labels: NDArray[np.int64], epoch: int
) -> float:
    """One pass over the data in an order that only the epoch decides. The mean loss."""
    order = np.random.default_rng(epoch).permutation(len(images))
    losses = []
    for begin in range(0, len(order), BATCH):
        chosen = order[begin : begin + BATCH]
        loss, gradient = network.gradient(images[chosen], labels[chosen])
        network.step(gang.mean(gradient))
        losses.append(loss)
    return float(np.mean(losses))


def leave_behind(gang: Gang, network: Network, accuracy: float) -> None:
    """Weights and accuracy into the output directory, by rank 0."""
    say(gang, f"accuracy {accuracy:.4f}")
    folder = os.environ.get("BOSTAN_OUTPUT_DIR")
    if folder and gang.rank == 0:
        np.savez(Path(folder) / "weights.npz", *network.weights())
        (Path(folder) / "result.json").write_text(json.dumps({"accuracy": round(accuracy, 4)}))


def say(gang: Gang, text: str) -> None:
    """A line in the log, from rank 0."""
    if gang.rank == 0:
        print(text, flush=True)


if __name__ == "__main__":
    main()
