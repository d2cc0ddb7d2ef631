"""Complete archives on the disk. The time of a file is when it was last needed, sent or asked for.

Who is told that an archive is here can rely on it for a while: the answer renews its time, under the lock under which
it would be removed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bostan_scheduler.files.disk import keep_name, locked_folder, make_folder
from bostan_scheduler.files.owners import Marks, Owners

RENEW_SECONDS = 600.0
"""A time that is not older than this is not renewed: most answers cost one look."""


class Shelf:
    """Archives by name, in a folder for each two first digits. Safe from several threads and processes."""

    def __init__(self, root: Path, owners: Owners) -> None:
        self._root = make_folder(root)
        self.owners = owners

    def path(self, name: str) -> Path:
        """Where it lies, if it does."""
        return self._root / name[:2] / name

    def size(self, name: str, now_seconds: float) -> int | None:
        """How many bytes it has, None when it is not here; its time is renewed."""
        path = self.path(name)
        with suppress(FileNotFoundError):
            status = path.stat()
            if now_seconds - status.st_mtime > RENEW_SECONDS:
                with locked_folder(path.parent):
                    os.utime(path, (now_seconds, now_seconds))
            return status.st_size
        return None

    def put(self, name: str, file: Path, owner: str | None, now_seconds: float) -> None:
        """Take a file in, as the owner's. What was here is replaced by the same content; who has it open reads on.

        Survives a power cut.
        """
        path = self.path(name)
        make_folder(path.parent)
        with locked_folder(path.parent):
            if owner is not None:
                self.owners.add(name, owner)
            os.utime(file, (now_seconds, now_seconds))
            file.rename(path)
            keep_name(path.parent)
        keep_name(self._root)

    def remove(self, name: str, owners: Marks, before_seconds: float) -> int | None:
        """Remove it and the marks of its owners, if its time is from before; its size, None when it stays."""
        path = self.path(name)
        with suppress(FileNotFoundError), locked_folder(path.parent):
            status = path.stat()
            if status.st_mtime < before_seconds:
                self.owners.forget(name, owners)
                path.unlink()
                return status.st_size
        return None

    def after(self, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What lies behind `name` in the order of names, folder by folder: each folder's digits, and names in order."""
        for folder in sorted(one.name for one in os.scandir(self._root)):
            if folder >= name[:2]:
                names = (one.name for one in os.scandir(self._root / folder))
                yield folder, tuple(sorted(one for one in names if one > name))
