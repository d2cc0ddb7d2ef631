"""Who may use which archive, and what it came as: marks beside the content, which is stored once for all its owners."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from bostan_scheduler.files.disk import PRIVATE_FILE, keep_name, make_folder
from bostan_scheduler.files.names import owned_name

Marks = frozenset[str]

STAFF = "-staff"
"""The owner that stands for people of no firm; no firm can have this id."""


CHECKPOINT, OUTPUT = "-checkpoint", "-output"
"""Marks of what a job has left: that an archive came as its checkpoint, or as its output."""
_PARK = "-park/"


def park_owner(park: str) -> str:
    """The owner that stands for the nodes of a park; no firm can have this id."""
    return _PARK + park


def is_checkpoint_only(marks: Marks) -> bool:
    """Whether it came as a checkpoint, and neither as an output nor from people."""
    return CHECKPOINT in marks and all(one == CHECKPOINT or one.startswith(_PARK) for one in marks)


class Owners:
    """Marks in a folder: who has shown to have all bytes of an archive. Safe from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self._root = make_folder(root)
        self._brought = root / "brought"

    def has(self, sha256: str, owner: str) -> bool:
        """Whether this owner has sent all of it. Raises BadName."""
        return self._path(sha256, owner).exists()

    def add(self, sha256: str, owner: str) -> None:
        """Survives a power cut. Raises BadName."""
        path = self._path(sha256, owner)
        make_folder(path.parent)
        _touch(path)
        keep_name(self._root)

    def note(self, sha256: str, mark: str) -> None:
        """Mark what it came as; a power cut may take that. Raises BadName."""
        path = self._path(sha256, mark)
        make_folder(path.parent)
        _touch(path, keep=False)

    def marks(self, folder: str) -> dict[str, Marks]:
        """The marks of all archives whose hashes begin with these two digits."""
        found = defaultdict[str, set[str]](set)
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._root / folder):
                sha256, _, mark = entry.name.partition(".")
                found[sha256].add(mark.replace("_", "/"))
        return {sha256: frozenset(marks) for sha256, marks in found.items()}

    def forget(self, sha256: str, marks: Marks) -> None:
        """These marks are no more. Raises BadName."""
        for mark in marks:
            self._path(sha256, mark).unlink(missing_ok=True)

    @property
    def are_brought(self) -> bool:
        """Whether archives of a release that knew no owners were given theirs, once for each folder."""
        return self._brought.exists()

    def brought(self) -> None:
        """From now on what has no mark is nobody's."""
        _touch(self._brought)

    def _path(self, sha256: str, owner: str) -> Path:
        return self._root / sha256[:2] / owned_name(sha256, owner)


def _touch(path: Path, *, keep: bool = True) -> None:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
    if keep:
        keep_name(path.parent)
