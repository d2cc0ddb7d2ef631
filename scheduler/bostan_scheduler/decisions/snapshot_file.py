"""Snapshot documents in files: gzip when the name says so, whole or not there at all."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

from bostan_scheduler.decisions.document import Document, read
from bostan_scheduler.errors import BadSnapshot

PRIVATE_FILE = 0o600
READ_BYTES_MAX = 4 * 2**30
"""What a file may hold when it is unpacked."""

_GZIP = b"\x1f\x8b"


def write_file(path: Path, lines: Iterable[bytes]) -> int:
    """Write the lines to a file that is there only when it is whole; how many bytes it has.

    Raises:
        OSError: no room, no such folder, not allowed.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            _write(file, lines, packed=path.suffix == ".gz")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path.stat().st_size


def _write(file, lines: Iterable[bytes], *, packed: bool) -> None:  # type: ignore[no-untyped-def]
    if not packed:
        file.writelines(lines)
        return
    # No name and no time inside: the same snapshot gives the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as zipped:
        zipped.writelines(lines)


def read_file(path: Path) -> Document:
    """The snapshot in a file, or on standard input when it is called `-`.

    Raises:
        BadSnapshot: it cannot be read, or is not a snapshot of this release.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as exc:
        raise BadSnapshot(f"{path}: {exc.strerror}; name a file that `bostan-scheduler dump` wrote") from exc
    return read(_unpacked(data, name) if data.startswith(_GZIP) else data, name)


def _unpacked(data: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, READ_BYTES_MAX)
    except zlib.error as exc:
        raise BadSnapshot(f"{name}: damaged: {exc}; copy or dump it again") from exc
    if unpacker.unconsumed_tail:
        raise BadSnapshot(f"{name}: more than {READ_BYTES_MAX} bytes when unpacked; it is no snapshot")
    if not unpacker.eof:
        raise BadSnapshot(f"{name}: it is cut off; copy or dump it again")
    return text
