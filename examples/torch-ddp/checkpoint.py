"""Saving, resuming and stopping of a gang whose ranks all hold the same weights."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import distributed, nn

RATE = 0.05
MOMENTUM = 0.9


@dataclass
class Stopping:
    """Set by the SIGTERM that torchrun passes on."""

    asked: bool = False

    @classmethod
    def on_sigterm(cls) -> "Stopping":
        """Listen from now on."""
        made = cls()
        signal.signal(signal.SIGTERM, lambda *_: setattr(made, "asked", True))
        return made

    def agreed(self, device: torch.device) -> bool:
        """Whether any rank was asked: the signal reaches them at different times, and all must stop at the same epoch."""
        asked = torch.tensor(int(self.asked), device=device)
        distributed.all_reduce(asked, distributed.ReduceOp.MAX)
        return bool(asked.item())


@dataclass
class Checkpoints:
    """What is saved, and where: `folder` is None when nobody keeps checkpoints."""

    folder: Path | None
    model: nn.Module
    optimiser: torch.optim.Optimizer

    @classmethod
    def from_environment(cls, model: nn.Module) -> "Checkpoints":
        """The folder that BOSTAN_CHECKPOINT_DIR names, and an optimiser for the model."""
        folder = os.environ.get("BOSTAN_CHECKPOINT_DIR")
        optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
        return cls(Path(folder) if folder else None, model, optimiser)

    def resume(self, device: torch.device) -> int:
        """Load what is there. How many epochs are done."""
        if self.folder is None or not (self.folder / "state.pt").exists():
            return 0
        state = torch.load(self.folder / "state.pt", map_location=device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        return int(state["epochs"])

    def save(self, epochs: int) -> None:
        """Rank 0 writes the state whole, then declares it."""
        if self.folder is None or distributed.get_rank() != 0:
            return
        state = {
            "epochs": epochs,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, self.folder / "state.new.pt")
        (self.folder / "state.new.pt").replace(self.folder / "state.pt")
        subprocess.run(["bostan-checkpoint", "done", "--step", str(epochs)], check=True)
