"""Packing a work directory: the same folder gives the same bytes, so that it is sent once and known by its hash."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from bostan.api import Archive
from bostan.archive import stays_inside
from bostan.errors import FileProblem, InvalidFile

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE: Final = ".bostanignore"
_NEVER_SENT: Final = ".git"
_LARGEST_NAMED: Final = 3
_LEVEL: Final = 6

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, both in the same unit."""


@dataclass(frozen=True, slots=True)
class PackLimits:
    """How large a work directory may be."""

    packed_bytes_max: int = 512 * 2**20
    files_max: int = 100_000


LIMITS: Final = PackLimits()


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed folder: the archive's file, its hash and size, and how many entries are in it."""

    path: Path
    archive: Archive
    entries: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be packed. `size_bytes` is 0 for all but files."""

    path: Path
    name: str
    mode: int
    size_bytes: int


def pack(folder: Path, to: Path, limits: PackLimits = LIMITS, progress: Progress | None = None) -> Packed:
    """Pack the folder into a tar.gz at `to`, leaving out `.git` and what `.bostanignore` names.

    Raises InvalidFile for a folder above the limits, for a link that leads out of it, and for a file that is no
    file, folder or link or that changes meanwhile.
    """
    found = list_entries(folder, limits)
    total = sum(entry.size_bytes for entry in found)
    with to.open("wb") as raw:
        hashed = _Hashed(raw, limits.packed_bytes_max)
        try:
            _write_all(found, hashed, lambda done: progress(done, total) if progress else None)
        except _TooLarge as exc:
            raise _too_large(folder, found, limits) from exc
    archive = Archive(sha256=hashed.sha256.hexdigest(), size_bytes=hashed.size_bytes)
    return Packed(to, archive, len(found))


def list_entries(folder: Path, limits: PackLimits = LIMITS) -> list[Entry]:
    """What would be packed, sorted by name. Raises InvalidFile."""
    if not folder.is_dir():
        raise _refusal(folder, "is not a folder", "name the folder to send")
    found: list[Entry] = []
    for entry in _walk(folder, folder, _ignored(folder)):
        found.append(entry)
        if len(found) > limits.files_max:
            crowded = _most_crowded(found)
            raise _refusal(folder, f"holds more than {limits.files_max} files", _leave_out(crowded))
    return sorted(found, key=lambda entry: os.fsencode(entry.name))


def _ignored(folder: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    file = folder / IGNORE_FILE
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return GitIgnoreSpec.from_lines(lines)
    except (OSError, ValueError) as exc:
        raise _refusal(file, f"cannot be read ({exc})", "write it as a .gitignore is written") from exc


def _walk(folder: Path, root: Path, ignored: GitIgnoreSpec) -> Iterator[Entry]:
    """The entries below a folder, without going into what is left out, and without following links."""
    try:
        with os.scandir(folder) as listing:
            here = list(listing)
    except OSError as exc:
        raise _refusal(folder, f"cannot be read ({exc.strerror})", _leave_out([str(folder)])) from exc
    for found in here:
        name = Path(found.path).relative_to(root).as_posix()
        is_folder = found.is_dir(follow_symlinks=False)
        if found.name == _NEVER_SENT or ignored.match_file(f"{name}/" if is_folder else name):
            continue
        yield _entry(found, name, root)
        if is_folder:
            yield from _walk(Path(found.path), root, ignored)


def _entry(found: os.DirEntry[str], name: str, root: Path) -> Entry:
    status = found.stat(follow_symlinks=False)
    path = Path(found.path)
    kind = stat.S_IFMT(status.st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise _refusal(path, "is neither a file, a folder nor a link", _leave_out([name]))
    if kind == stat.S_IFLNK and not _link_stays(path, name, root):
        problem = f"links to {path.readlink()}, out of the work directory"
        raise _refusal(path, problem, f"copy what it links to, or {_leave_out([name])}")
    return Entry(path, name, status.st_mode, status.st_size if kind == stat.S_IFREG else 0)


def _link_stays(path: Path, name: str, root: Path) -> bool:
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False
    return inside and stays_inside(PurePosixPath(name), str(path.readlink()))


def _write_all(found: list[Entry], to: _Hashed, done: Callable[[int], None]) -> None:
    written = 0
    zipped = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=to, mtime=0)
    with zipped, tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in found:
            _write(tar, entry)
            written += entry.size_bytes
            done(written)


def _write(tar: tarfile.TarFile, entry: Entry) -> None:
    """One entry, with all left out that differs between two copies of the same folder: times, owners, umask."""
    info = tarfile.TarInfo(entry.name)
    info.mode = 0o755 if stat.S_ISDIR(entry.mode) or entry.mode & 0o100 else 0o644
    if stat.S_ISDIR(entry.mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif stat.S_ISLNK(entry.mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(entry.path.readlink()), 0o777
        tar.addfile(info)
    else:
        info.size = entry.size_bytes
        _write_file(tar, entry, info)


def _write_file(tar: tarfile.TarFile, entry: Entry, info: tarfile.TarInfo) -> None:
    try:
        with entry.path.open("rb") as content:
            tar.addfile(info, content)
            grew = content.read(1)
    except _TooLarge:
        raise
    except OSError as exc:
        # tarfile raises a bare OSError, without a reason, when the file ends before the size it had.
        reason = exc.strerror or "it became smaller meanwhile"
        raise _refusal(entry.path, f"cannot be read ({reason})", _leave_out([entry.name])) from exc
    if grew:
        raise _refusal(entry.path, "became larger while it was packed", _leave_out([entry.name]))


class _TooLarge(Exception):
    """The archive has passed its limit."""


class _Hashed:
    """A file that hashes and counts what is written to it, and stops at a limit."""

    def __init__(self, raw: IO[bytes], bytes_max: int) -> None:
        self._raw, self._bytes_max = raw, bytes_max
        self.sha256 = hashlib.sha256()
        self.size_bytes = 0

    def write(self, part: bytes) -> int:
        self.size_bytes += len(part)
        if self.size_bytes > self._bytes_max:
            raise _TooLarge
        self.sha256.update(part)
        return self._raw.write(part)

    def flush(self) -> None:
        self._raw.flush()


def _too_large(folder: Path, found: list[Entry], limits: PackLimits) -> InvalidFile:
    largest = sorted(found, key=lambda entry: entry.size_bytes, reverse=True)[:_LARGEST_NAMED]
    names = [f"{entry.name} ({entry.size_bytes / 2**20:.1f} MiB)" for entry in largest]
    packed = limits.packed_bytes_max / 2**20
    return _refusal(folder, f"is larger than {packed:g} MiB when packed", _leave_out(names))


def _most_crowded(found: list[Entry]) -> list[str]:
    """The top folders with the most files in them."""
    counts: dict[str, int] = {}
    for entry in found:
        top = entry.name.partition("/")[0]
        counts[top] = counts.get(top, 0) + 1
    first = sorted(counts, key=lambda top: -counts[top])[:_LARGEST_NAMED]
    return [f"{top} ({counts[top]} files)" for top in first]


def _leave_out(names: list[str]) -> str:
    return f"leave it out by {IGNORE_FILE}: {', '.join(names)}"


def _refusal(path: Path, problem: str, remedy: str) -> InvalidFile:
    return InvalidFile([FileProblem(str(path), None, "", problem, remedy)])
