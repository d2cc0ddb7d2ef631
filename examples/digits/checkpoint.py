"""Saving and resuming: SIGUSR1 asks for a checkpoint, and `bostan-checkpoint done` declares it."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from network import Network


@dataclass
class Checkpoints:
    """The checkpoint folder; None when nobody keeps checkpoints. `wanted` is set by SIGUSR1."""

    folder: Path | None
    wanted: bool = False

    @classmethod
    def from_environment(cls) -> "Checkpoints":
        """The folder that BOSTAN_CHECKPOINT_DIR names; SIGUSR1 is heeded from now on."""
        folder = os.environ.get("BOSTAN_CHECKPOINT_DIR")
        made = cls(Path(folder) if folder else None)
        signal.signal(signal.SIGUSR1, made._on_signal)
        return made

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.wanted = True

    def resume(self, network: Network) -> int:
        """Load what is there. How many epochs are done."""
        if self.folder is None or not (self.folder / "state.npz").exists():
            return 0
        with np.load(self.folder / "state.npz") as state:
            weights = [state[f"weights{index}"] for index in range(4)]
            momenta = [state[f"momenta{index}"] for index in range(4)]
            network.restore(weights, momenta)
            return int(state["epochs"])

    def save(self, network: Network, epochs: int) -> None:
        """Write the state whole, then declare it."""
        self.wanted = False
        if self.folder is None:
            return
        weights = {f"weights{index}": one for index, one in enumerate(network.weights())}
        momenta = {f"momenta{index}": one for index, one in enumerate(network.momenta())}
        fresh = self.folder / "state.new.npz"
        np.savez(fresh, epochs=epochs, **weights, **momenta)
        fresh.replace(self.folder / "state.npz")
        subprocess.run(["bostan-checkpoint", "done", "--step", str(epochs)], check=True)
