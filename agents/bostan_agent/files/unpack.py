"""Unpacks a gzipped tar that a stranger made. Whatever it holds, nothing lands outside its folder.

Nothing is ever written through a link: each parent folder of a member must be a real folder. Links may be
made, and once all is unpacked each must lead to a place inside. What is refused is refused whole.
"""

import contextlib
import errno
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bostan_agent.files.errors import BadArchive, NoSpace

_NAME_BYTES_MAX = 1024
_LINKS_FOLLOWED_MAX = 40
_COPY_BYTES = 1024 * 1024
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much an archive may hold: bytes when unpacked, and members."""

    bytes_max: int
    files_max: int


def unpack(archive: Path, folder: Path, bounds: Bounds) -> None:
    """Unpack `archive` into the existing empty `folder`. Blocking. On an error the folder holds rubbish.

    Raises:
        BadArchive: it is damaged, too large, or holds what must not be unpacked.
        NoSpace: the disk is full.
    """
    with _translated(archive):
        links = _unpack_members(archive, folder, bounds)
        for link in links:
            _check_link(folder, link)


@contextlib.contextmanager
def _translated(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error) as exc:
        raise BadArchive(f"{archive.name}: is no gzipped tar, or it is damaged: {exc}") from exc
    except OSError as exc:
        if exc.errno in NO_SPACE:
            raise NoSpace(f"the disk is full: {exc}") from exc
        # A damaged gzip stream, and names that clash with each other, are OSErrors too.
        raise BadArchive(f"{archive.name}: cannot be unpacked: {exc}") from exc


def _unpack_members(archive: Path, folder: Path, bounds: Bounds) -> list[str]:
    links: list[str] = []
    count, size = 0, 0
    with tarfile.open(archive, "r|gz", errorlevel=2) as tar:
        for member in tar:
            count, size = count + 1, size + max(member.size, 0)
            if count > bounds.files_max:
                raise BadArchive(f"holds more than {bounds.files_max} files")
            if size > bounds.bytes_max:
                raise BadArchive(f"holds more than {bounds.bytes_max} bytes")
            _unpack_one(tar, member, folder, links)
    return links


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, links: list[str]) -> None:
    name = _safe_name(member.name)
    if member.mode & (stat.S_ISUID | stat.S_ISGID):
        raise BadArchive(f"{name!r}: has a set-uid or set-gid bit")
    if not name:
        if member.isdir():
            return
        raise BadArchive("holds a member without a name")
    target = _real_parent(folder, name) / name.rsplit("/", 1)[-1]
    if member.isdir():
        _make_folder(target, member)
    elif member.isreg():
        _write_file(tar, member, target)
    elif member.issym():
        target.symlink_to(_safe_link(name, member.linkname))
        links.append(name)
    elif member.islnk():
        target.hardlink_to(_linked_file(folder, name, member.linkname))
    else:
        raise BadArchive(
            f"{name!r}: is a device, a pipe or of an unknown kind; only files, folders and links are taken"
        )


def _safe_name(name: str) -> str:
    """`name` without `.` parts and slashes at its end; "" for the archive's own root."""
    if "\0" in name or len(os.fsencode(name)) > _NAME_BYTES_MAX:
        raise BadArchive(f"{name[:80]!r}...: the name is longer than {_NAME_BYTES_MAX} bytes, or holds a NUL")
    if name.startswith("/"):
        raise BadArchive(f"{name!r}: is an absolute path")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise BadArchive(f"{name!r}: leads out by '..'")
    return "/".join(parts)


def _real_parent(folder: Path, name: str) -> Path:
    """The folder that `name` lies in, made where it is missing; every step is a real folder, not a link."""
    at = folder
    for part in name.split("/")[:-1]:
        at = at / part
        with contextlib.suppress(FileExistsError):
            at.mkdir(0o755)
        if not stat.S_ISDIR(at.lstat().st_mode):
            raise BadArchive(f"{name!r}: lies in a folder that is a link or a file")
    return at


def _make_folder(target: Path, member: tarfile.TarInfo) -> None:
    with contextlib.suppress(FileExistsError):
        target.mkdir(0o755)
    if not stat.S_ISDIR(target.lstat().st_mode):
        raise BadArchive(f"{member.name!r}: is a folder where the archive has something else already")
    target.chmod((member.mode & 0o777) | 0o700)


def _write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None, "a regular member has bytes"
    # O_EXCL: a second member of the same name must not write through a link that the first one made.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        written = 0
        while data := source.read(_COPY_BYTES):
            written += file.write(data)
        if written != member.size:
            raise BadArchive(f"{member.name!r}: ends early")
        os.fchmod(file.fileno(), (member.mode & 0o777) | 0o600)


def _safe_link(name: str, to: str) -> str:
    if not to or to.startswith("/") or "\0" in to or len(os.fsencode(to)) > _NAME_BYTES_MAX:
        raise BadArchive(f"{name!r}: is a link to {to[:80]!r}, which is not a path inside")
    return to


def _linked_file(folder: Path, name: str, to: str) -> Path:
    inside = _safe_name(to)
    target = _real_parent(folder, inside) / inside.rsplit("/", 1)[-1] if inside else folder
    if not _is_file(target):
        raise BadArchive(f"{name!r}: is a hard link to {to!r}, which is no file before it in the archive")
    return target


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _check_link(folder: Path, link: str) -> None:
    """Follow `link` by hand and refuse it if any step leaves the folder or is absolute.

    By hand, because a library that resolves paths gives up silently on paths that are too long for it.
    """
    at: list[str] = []
    todo = link.split("/")[::-1]
    followed = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not at:
                raise BadArchive(f"{link!r}: is a link that leads out of the archive")
            at.pop()
            continue
        to = _link_target(folder.joinpath(*at, part))
        if to is None:
            at.append(part)
            continue
        followed += 1
        if followed > _LINKS_FOLLOWED_MAX or to.startswith("/"):
            raise BadArchive(f"{link!r}: is a link that leads out of the archive, or to itself")
        todo.extend(to.split("/")[::-1])


def _link_target(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        if exc.errno == errno.EINVAL:  # it is there, and no link
            return None
        raise
