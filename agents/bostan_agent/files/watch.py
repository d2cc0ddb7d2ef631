"""Tells when logs in a folder grow: inotify, so that a log travels as it is written and an idle node sleeps."""

import asyncio
import contextlib
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

_IN_MODIFY = 0x2
_IN_CREATE = 0x100
_HEADER = struct.Struct("iIII")
_BUFFER_BYTES = 64 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Watches folders; calls back with the folder in which a file whose name begins with `prefix` was written."""

    def __init__(self, prefix: str, changed: Callable[[Path], None]) -> None:
        self._prefix = prefix.encode()
        self._changed = changed
        self._folders: dict[int, Path] = {}
        self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify_init1")
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def add(self, folder: Path) -> None:
        """Watch `folder`.

        Raises:
            OSError: it is not there, or the kernel's limit of watches is reached.
        """
        mask = _IN_MODIFY | _IN_CREATE
        descriptor = _checked(_libc.inotify_add_watch(self._fd, os.fsencode(folder), mask), str(folder))
        self._folders[descriptor] = folder

    def remove(self, folder: Path) -> None:
        """Watch `folder` no more. Idempotent."""
        for descriptor in [found for found, path in self._folders.items() if path == folder]:
            del self._folders[descriptor]
            _libc.inotify_rm_watch(self._fd, descriptor)

    def close(self) -> None:
        """Watch nothing any more."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _read(self) -> None:
        touched: set[int] = set()
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._fd, _BUFFER_BYTES)
            at = 0
            while at < len(data):
                descriptor, _mask, _cookie, length = _HEADER.unpack_from(data, at)
                at += _HEADER.size
                if descriptor == -1:  # the kernel's queue ran over: anything may have changed
                    touched |= set(self._folders)
                elif data.startswith(self._prefix, at):
                    touched.add(descriptor)
                at += length
        for descriptor in touched & self._folders.keys():
            self._changed(self._folders[descriptor])


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
