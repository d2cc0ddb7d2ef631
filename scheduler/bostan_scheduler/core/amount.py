"""Counts of GPUs that saturate: no sum overflows, no difference goes below zero by accident."""

from dataclasses import dataclass
from typing import Self

_UNLIMITED = 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Gpus:
    """A number of whole GPUs of one class, from 0 to `UNLIMITED`."""

    count: int

    def __post_init__(self) -> None:
        assert 0 <= self.count <= _UNLIMITED, f"a count of GPUs out of range: {self.count}"

    @classmethod
    def of(cls, count: int) -> Self:
        """`count` clamped into the range that a count can have."""
        return cls(min(max(count, 0), _UNLIMITED))

    def __add__(self, other: "Gpus") -> "Gpus":
        return UNLIMITED if self.unlimited or other.unlimited else Gpus.of(self.count + other.count)

    def __sub__(self, other: "Gpus") -> "Gpus":
        """What is left; nothing when `other` is more, everything when `self` has no limit."""
        return UNLIMITED if self.unlimited else Gpus.of(self.count - other.count)

    @property
    def unlimited(self) -> bool:
        """Whether there is no limit."""
        return self.count == _UNLIMITED

    def __str__(self) -> str:
        return "unlimited" if self.unlimited else str(self.count)


NONE = Gpus(0)
UNLIMITED = Gpus(_UNLIMITED)
