"""Small files that are either whole or absent, written relative to an open folder.

Paths are names inside a folder file descriptor: a rank's folder may lie deeper than a socket address or
a moved parent would allow, and the shim must keep writing to the folder it was given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping


def open_folder(path: str | os.PathLike[str]) -> int:
    """A file descriptor of the folder `path`."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def replace(folder: int, name: str, data: bytes, *, durable: bool) -> None:
    """Write file `name` whole. `durable` also survives a power cut, not only the end of the writer.

    What speaks of a living rank need not be durable: a power cut ends the rank with the boot.
    """
    temporary = f".{name}.tmp"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        write_all(file, data)
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    if durable:
        os.fsync(folder)


def replace_json(folder: int, name: str, record: Mapping[str, object], *, durable: bool) -> None:
    """Write `record` as the whole of file `name`."""
    replace(folder, name, json.dumps(record).encode() + b"\n", durable=durable)


def append_durably(folder: int, name: str, data: bytes) -> None:
    """Add `data` to file `name`; on return it survives a power cut."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        write_all(file, data)
        os.fsync(file)
    finally:
        os.close(file)
    os.fsync(folder)


def slurp(path: str) -> bytes | None:
    """The whole of a small file by its path, or None where it cannot be read. Cheaper than `open`."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return read_all(file)
    except ProcessLookupError:  # a file of /proc whose process ended meanwhile
        return None
    finally:
        os.close(file)


def read_all(file: int) -> bytes:
    """What is left to read of the file descriptor `file`."""
    return b"".join(iter(lambda: os.read(file, 1 << 16), b""))


def put(path: str, text: str) -> None:
    """Write `text` to an existing control file of the kernel, in one write."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def read(folder: int, name: str) -> bytes | None:
    """The whole of file `name`, or None where there is none."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        return read_all(file)
    finally:
        os.close(file)


def read_json(folder: int, name: str) -> dict[str, object] | None:
    """The object in file `name`; None where the file is absent or, torn by a power cut, no object."""
    data = read(folder, name)
    if data is None:
        return None
    try:
        record = json.loads(data)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def write_all(file: int, data: bytes) -> None:
    """Write every byte of `data` to the file descriptor `file`."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
