"""Who may use which archive: each owner is marked beside the content, which is stored once for all of them."""

import os
from contextlib import suppress
from pathlib import Path

from bostan_scheduler.files.disk import PRIVATE_FILE, keep_name, make_folder
from bostan_scheduler.files.names import owned_name

STAFF = "-staff"
"""The owner that stands for people of no firm; no firm can have this id."""


def park_owner(park: str) -> str:
    """The owner that stands for the nodes of a park; no firm can have this id."""
    return f"-park/{park}"


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

    @property
    def are_brought(self) -> bool:
        """Whether archives of a release that knew no owners were given theirs, once for each folder."""
        return self._brought.exists()

    def brought(self) -> None:
        """From now on what has no mark is nobody's."""
        _touch(self._brought)

    def _path(self, sha256: str, owner: str) -> Path:
        return self._root / sha256[:2] / owned_name(sha256, owner)


def _touch(path: Path) -> None:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
    keep_name(path.parent)
