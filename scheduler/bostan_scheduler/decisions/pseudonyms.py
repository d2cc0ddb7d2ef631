"""Other names for all that is named: the same name gets the same one, and nobody can tell back which it was.

Firms, parks and people are numbered in an order that hangs on a random salt. Jobs, a park's nodes and GPUs are numbered
in their own order: it says nothing of who they are, and planning breaks ties by it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What a name is of; the value begins its pseudonyms."""

    FIRM = "firm"
    PROJECT = "project"
    PARK = "park"
    NODE = "node"
    QUOTA = "quota"
    JOB = "job"
    JOB_NAME = "work"
    PERSON = "person"
    GPU = "gpu"
    BOOT = "boot"
    JOURNAL = "journal"
    BLOB = "blob"
    LABEL = "label"
    OBSTACLE = "obstacle"


IN_ORDER = (Kind.JOB, Kind.NODE, Kind.GPU, Kind.LABEL)
"""Numbered as they are sorted."""


@dataclass(slots=True)
class Pseudonyms:
    """Numbers by kind and name. All names are met before the first is asked for."""

    salt: bytes
    _met: dict[Kind, set[str]] = field(default_factory=lambda: defaultdict(set))
    _numbers: dict[Kind, dict[str, str]] = field(default_factory=dict)

    def meet(self, kind: Kind, name: str) -> str:
        """There is such a name."""
        assert not self._numbers, "a name is met after others were numbered"
        self._met[kind].add(name)
        return name

    def of(self, kind: Kind, name: str) -> str:
        """Its pseudonym."""
        if kind not in self._numbers:
            self._numbers[kind] = _numbered(kind, self._sorted(kind))
        return self._numbers[kind][name]

    def _sorted(self, kind: Kind) -> list[str]:
        return sorted(self._met[kind], key=None if kind in IN_ORDER else self._salted)

    def _salted(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), key=self.salt).digest()


def _numbered(kind: Kind, names: Iterable[str]) -> dict[str, str]:
    """Numbers of one width, so that they sort as they count."""
    names = list(names)
    width = len(str(len(names)))
    return {name: f"{kind.value}-{number:0{width}d}" for number, name in enumerate(names, 1)}
