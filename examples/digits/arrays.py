"""The few things that numpy and torch say differently."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Arrays(Protocol):
    """A device and its arrays."""

    name: str

    def array(self, values: NDArray[np.float64]) -> Any:
        """Values on the device."""

    def to_numpy(self, values: Any) -> NDArray[np.float64]:
        """Values from the device."""

    def exp(self, values: Any) -> Any:
        """e to each value."""

    def log(self, values: Any) -> Any:
        """The natural logarithm of each value."""

    def below_zero(self, rows: Any) -> Any:
        """Each row less its maximum, so that no exponential overflows."""


class OnCpu:
    """numpy."""

    name = "numpy on the CPU"

    def array(self, values: NDArray[np.float64]) -> Any:
        return np.asarray(values, dtype=np.float64)

    def to_numpy(self, values: Any) -> NDArray[np.float64]:
        return np.asarray(values)

    def exp(self, values: Any) -> Any:
        return np.exp(values)

    def log(self, values: Any) -> Any:
        return np.log(values)

    def below_zero(self, rows: Any) -> Any:
        return rows - rows.max(1, keepdims=True)


class OnGpu:
    """torch on the first GPU that this rank may see."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self.name = f"torch on {torch.cuda.get_device_name(0)}"

    def array(self, values: NDArray[np.float64]) -> Any:
        return self._torch.tensor(values, dtype=self._torch.float64, device="cuda")

    def to_numpy(self, values: Any) -> NDArray[np.float64]:
        return np.asarray(values.cpu().numpy())

    def exp(self, values: Any) -> Any:
        return self._torch.exp(values)

    def log(self, values: Any) -> Any:
        return self._torch.log(values)

    def below_zero(self, rows: Any) -> Any:
        return rows - rows.amax(1, keepdim=True)


def best() -> Arrays:
    """The GPU when torch finds one, else the CPU."""
    try:
        import torch
    except ImportError:
        return OnCpu()
    return OnGpu(torch) if torch.cuda.is_available() else OnCpu()
