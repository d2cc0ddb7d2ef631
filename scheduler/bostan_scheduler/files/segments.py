"""A rank's log on disk: files named by the offset of their first byte, so that dropping old ones renumbers nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from bostan_scheduler.files.disk import PRIVATE_FILE, write_all

_SUFFIX = ".log"
_END = "end"


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes of a log that lie together on disk, from `first` on."""

    first: int
    path: Path
    size_bytes: int

    @property
    def next_offset(self) -> int:
        """The offset after its last byte."""
        return self.first + self.size_bytes


def segments(folder: Path) -> list[Segment]:
    """What is kept of a log, oldest first; empty when there is nothing."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return []
    found = [_segment(entry) for entry in entries if entry.name.endswith(_SUFFIX)]
    return sorted((one for one in found if one is not None), key=lambda one: one.first)


def _segment(entry: os.DirEntry[str]) -> Segment | None:
    try:
        size = entry.stat().st_size
    except FileNotFoundError:  # dropped since the folder was listed
        return None
    return Segment(int(entry.name.removesuffix(_SUFFIX)), Path(entry.path), size)


def end_of(found: list[Segment]) -> int:
    """The offset after the last byte kept."""
    return found[-1].next_offset if found else 0


def write_at(folder: Path, found: list[Segment], offset: int, data: bytes, segment_bytes: int) -> bool:
    """Write bytes that belong at `offset`, at the end of the newest segment or in a new one; whether it is new."""
    newest = found[-1] if found else None
    fits = newest is not None and newest.next_offset == offset and newest.size_bytes < segment_bytes
    path = newest.path if newest is not None and fits else folder / f"{offset:020d}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)
    return not fits


def drop_oldest(found: list[Segment], bytes_max: int) -> None:
    """Remove the oldest segments until the rest has at most `bytes_max` bytes; the newest one stays."""
    kept = sum(one.size_bytes for one in found)
    for one in found[:-1]:
        if kept <= bytes_max:
            return
        one.path.unlink(missing_ok=True)
        kept -= one.size_bytes


def read_from(found: list[Segment], offset: int, limit: int) -> tuple[int, bytes]:
    """Bytes from `offset`, or from the next byte that is kept; they end at `limit`, a gap or the log's end."""
    data = b""
    for one in found:
        if one.next_offset <= offset:
            continue
        if data and one.first != offset + len(data):
            break
        first = offset + len(data) if data else max(offset, one.first)
        offset = offset if data else first
        data += _read(one, first - one.first, limit - len(data))
        if len(data) >= limit:
            break
    return offset, data


def _read(one: Segment, at: int, limit: int) -> bytes:
    try:
        with one.path.open("rb") as file:
            file.seek(at)
            return file.read(min(limit, one.size_bytes - at))
    except FileNotFoundError:
        return b""


def mark_end(folder: Path) -> None:
    """Nothing will follow in this log."""
    (folder / _END).touch(PRIVATE_FILE)


def has_end(folder: Path) -> bool:
    """Whether nothing will follow."""
    return (folder / _END).exists()
