"""Where nodes stand, as far as their labels tell: so that a gang is kept together."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple


class Within(IntEnum):
    """Within what all nodes of a gang stand; what is smaller is better."""

    SWITCH = 0
    RACK = 1
    PARK = 2


class Where(NamedTuple):
    """A node's rack and switch, by names that hold in all of its park; nothing where no label tells.

    Neither says anything of the other: a switch may serve several racks, and a rack may have several switches.
    """

    rack: str = ""
    switch: str = ""

    def name(self, within: Within) -> str:
        """What its switch or its rack is called."""
        assert within is not Within.PARK, "a park is not told by a label"
        return self.switch if within is Within.SWITCH else self.rack


NOWHERE = Where()
"""Of a node without labels that tell."""


def where_by(labels: Mapping[str, str]) -> Where:
    """Where a node with these labels stands."""
    return Where(labels.get("rack", ""), labels.get("switch", ""))
