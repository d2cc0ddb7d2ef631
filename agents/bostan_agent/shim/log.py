"""A log of bounded size whose offsets never change meaning.

Each file is named by the offset of its first byte in the whole log, so rotation drops old bytes
without renumbering those that stay.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "log."


class LogWriter:
    """Appends to the newest file and drops the oldest ones.

    At most `files_max` files of `bytes_max // files_max` bytes each are kept.
    """

    def __init__(self, folder: int, bytes_max: int, files_max: int) -> None:
        self._folder = folder
        self._files_max = files_max
        self._file_bytes_max = bytes_max // files_max
        self._bases: list[int] = []
        self.offset = 0
        self.lost_bytes = 0
        self._file = self._open_next()

    def write(self, data: bytes) -> None:
        """Append `data`. What the disk refuses is counted in `lost_bytes`: a full disk must not stop a rank."""
        view = memoryview(data)
        while view:
            try:
                room = self._room()
                written = os.write(self._file, view[:room])
            except OSError:
                self.lost_bytes += len(view)
                return
            self.offset += written
            view = view[written:]

    def _room(self) -> int:
        """How much the newest file still takes, after rotating where it is full."""
        if self.offset - self._bases[-1] >= self._file_bytes_max:
            full, self._file = self._file, self._open_next()
            os.close(full)
            while len(self._bases) > self._files_max:
                os.unlink(_name(self._bases.pop(0)), dir_fd=self._folder)
        return self._bases[-1] + self._file_bytes_max - self.offset

    def _open_next(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        file = os.open(_name(self.offset), flags, 0o600, dir_fd=self._folder)
        self._bases.append(self.offset)
        return file


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Bytes of a log from `offset` on; `offset` is later than asked for when older bytes were dropped."""

    offset: int
    data: bytes


def read_log(folder: Path, offset: int, limit: int) -> LogSlice:
    """At most `limit` bytes of the log in `folder`, from `offset` or the oldest byte still kept after it.

    Empty data means that nothing lies at or after `offset` yet.
    """
    wanted = offset
    for base, path in _files(folder):
        try:
            with path.open("rb") as file:
                file.seek(max(0, offset - base))
                data = file.read(limit)
        except FileNotFoundError:  # rotated away since the folder was listed; a younger file follows
            continue
        if data:
            return LogSlice(max(offset, base), data)
    return LogSlice(wanted, b"")


def log_end(folder: Path) -> int:
    """The offset after the last byte written so far; 0 where there is no log."""
    for base, path in reversed(_files(folder)):
        return base + path.stat().st_size
    return 0


def _files(folder: Path) -> list[tuple[int, Path]]:
    names = (path for path in folder.glob(f"{_PREFIX}*") if path.name.removeprefix(_PREFIX).isdecimal())
    return sorted((int(path.name.removeprefix(_PREFIX)), path) for path in names)


def _name(base: int) -> str:
    return f"{_PREFIX}{base:020d}"
