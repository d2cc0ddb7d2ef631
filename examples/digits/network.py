"""A network of one hidden layer with momentum, in numpy, or in torch where there is a GPU."""

from typing import Any

import numpy as np
from arrays import Arrays, best
from numpy.typing import NDArray

HIDDEN = 96
RATE = 0.05
MOMENTUM = 0.9
SHAPES = ((64, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10))
Floats = NDArray[np.float64]


class Network:
    """Weights on a device. Gradients travel as one flat numpy array."""

    def __init__(self, seed: int, rate: float = RATE) -> None:
        self._on: Arrays = best()
        self._rate = rate
        chance = np.random.default_rng(seed)
        start = [chance.normal(0, 1 / np.sqrt(rows), (rows, columns)) for rows, columns in SHAPES]
        self.restore(start, [np.zeros(shape) for shape in SHAPES])

    @property
    def device(self) -> str:
        """Where it computes, in words."""
        return self._on.name

    def weights(self) -> list[Floats]:
        """The weights as numpy arrays."""
        return [self._on.to_numpy(one) for one in self._weights]

    def momenta(self) -> list[Floats]:
        """The momenta as numpy arrays."""
        return [self._on.to_numpy(one) for one in self._momenta]

    def restore(self, weights: list[Floats], momenta: list[Floats]) -> None:
        """Go on from these."""
        self._weights = [self._on.array(one) for one in weights]
        self._momenta = [self._on.array(one) for one in momenta]

    def gradient(self, images: Floats, labels: NDArray[np.int64]) -> tuple[float, Floats]:
        """Cross-entropy loss of a batch, and its gradient."""
        into, from_hidden = self._weights[0], self._weights[2]
        inputs, targets = self._on.array(images), self._on.array(np.eye(10)[labels])
        hidden, chances = self._forward(inputs)
        loss = -float(self._on.to_numpy((targets * self._on.log(chances + 1e-12)).sum())) / len(images)
        error = (chances - targets) / len(images)
        back = (error @ from_hidden.T) * (hidden > 0)
        parts = (inputs.T @ back, back.sum(0), hidden.T @ error, error.sum(0))
        assert into.shape == SHAPES[0]
        return loss, np.concatenate([self._on.to_numpy(part).ravel() for part in parts])

    def step(self, gradient: Floats) -> None:
        """Move the weights against a gradient."""
        begin = 0
        for index, (rows, columns) in enumerate(SHAPES):
            part = self._on.array(gradient[begin : begin + rows * columns].reshape(rows, columns))
            self._momenta[index] = MOMENTUM * self._momenta[index] - self._rate * part
            self._weights[index] = self._weights[index] + self._momenta[index]
            begin += rows * columns

    def accuracy(self, images: Floats, labels: NDArray[np.int64]) -> float:
        """The part of the images whose digit is told right."""
        _, chances = self._forward(self._on.array(images))
        return float((self._on.to_numpy(chances).argmax(1) == labels).mean())

    def _forward(self, inputs: Any) -> tuple[Any, Any]:
        into, bias, from_hidden, out_bias = self._weights
        hidden = inputs @ into + bias
        hidden = hidden * (hidden > 0)
        scores = self._on.exp(self._on.below_zero(hidden @ from_hidden + out_bias))
        return hidden, scores / scores.sum(1).reshape(-1, 1)
