"""Trains a digit classifier with DistributedDataParallel under torchrun, and goes on from its last checkpoint."""

import argparse
import json
import os
from pathlib import Path

import torch
from checkpoint import Checkpoints, Stopping
from sklearn.datasets import load_digits
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

BATCH = 64
LEARN_FROM = 1437
STOPPED = 143


def main() -> int:
    """Train, and leave the weights and the accuracy behind. The exit code."""
    arguments = parse()
    stopping, device = Stopping.on_sigterm(), join_gang()
    images, labels = (part.to(device) for part in data())
    torch.manual_seed(0)
    model = DistributedDataParallel(network().to(device))
    checkpoints = Checkpoints.from_environment(model.module)
    first = checkpoints.resume(device)
    say(f"{distributed.get_world_size()} ranks over {distributed.get_backend()}, starting at epoch {first}")
    for epoch in range(first, arguments.epochs):
        loss = one_epoch(model, checkpoints.optimiser, images, labels, epoch)
        say(f"epoch {epoch + 1} of {arguments.epochs}: loss {loss:.4f}")
        stop = stopping.agreed(device)
        if stop or (epoch + 1) % arguments.checkpoint_every == 0:
            checkpoints.save(epoch + 1)
        if stop:
            say(f"stopped after epoch {epoch + 1}")
            return STOPPED
    leave_behind(model.module, accuracy(model.module, images, labels))
    distributed.destroy_process_group()
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--checkpoint-every", type=int, default=10, metavar="EPOCHS")
    return parser.parse_args()


def join_gang() -> torch.device:
    """Meet the others as torchrun says. The device of this process."""
    gpu = torch.cuda.is_available()
    distributed.init_process_group("nccl" if gpu else "gloo")
    if not gpu:
        torch.set_num_threads(1)
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return device


def data() -> tuple[Tensor, Tensor]:
    """1,797 images of 8 by 8 pixels, and the digits that they show."""
    digits = load_digits()
    return torch.tensor(digits.data / 16.0, dtype=torch.float32), torch.tensor(digits.target)


def network() -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10))


def one_epoch(
    model: nn.Module, optimiser: torch.optim.Optimizer, images: Tensor, labels: Tensor, epoch: int
) -> float:
    """One pass over this rank's part of the data, in an order that only the epoch decides. The mean loss."""
    losses = [
        step(model, optimiser, images[chosen], labels[chosen]) for chosen in my_part(epoch).split(BATCH)
    ]
    return sum(losses) / len(losses)


def my_part(epoch: int) -> Tensor:
    """Which images are this rank's in this epoch: as many on every rank, so that all take the same steps."""
    order = torch.randperm(LEARN_FROM, generator=torch.Generator().manual_seed(epoch))
    size = LEARN_FROM // distributed.get_world_size()
    return order[distributed.get_rank() * size :][:size]


def step(model: nn.Module, optimiser: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """One batch; the backward pass averages the gradients over all ranks. The loss."""
    optimiser.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimiser.step()
    return float(loss.item())


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The part of the unseen images whose digit is told right."""
    with torch.no_grad():
        told = model(images[LEARN_FROM:]).argmax(1)
    return float((told == labels[LEARN_FROM:]).float().mean().item())


def leave_behind(model: nn.Module, reached: float) -> None:
    """Weights and accuracy into the output directory, by rank 0."""
    say(f"accuracy {reached:.4f}")
    folder = os.environ.get("BOSTAN_OUTPUT_DIR")
    if folder and distributed.get_rank() == 0:
        torch.save(model.state_dict(), Path(folder) / "weights.pt")
        (Path(folder) / "result.json").write_text(json.dumps({"accuracy": round(reached, 4)}))


def say(text: str) -> None:
    """A line in the log, from rank 0."""
    if distributed.get_rank() == 0:
        print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
