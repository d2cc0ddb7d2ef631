"""What became of the files that a rank left in its output directory, as far as the centre has heard."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoOutputs:
    """It left none."""


@dataclass(frozen=True, slots=True)
class OutputsOnTheWay:
    """Its node has them, and has yet to send them."""


@dataclass(frozen=True, slots=True)
class OutputsKept:
    """The centre has them, less what `left_out` names: what no archive can hold."""

    left_out: str = ""


@dataclass(frozen=True, slots=True)
class OutputsLost:
    """They will never arrive."""

    why: str


RankOutputs = NoOutputs | OutputsOnTheWay | OutputsKept | OutputsLost

NO_OUTPUTS = NoOutputs()
