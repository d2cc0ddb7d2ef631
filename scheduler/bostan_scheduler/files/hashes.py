"""SHA-256 carried on from part to part, so that a large archive is not read again when its last part has come."""

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

_READ_BYTES = 2**20


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(slots=True)
class _Running:
    inode: int
    count: int
    sha256: Hash


class RunningHashes:
    """The hashes of uploads under way in this process. Safe from several threads.

    One is used only while it is of the same file and just as long: another process may have gone on with it.
    """

    def __init__(self, running_max: int) -> None:
        self._running_max = running_max
        self._lock = threading.Lock()
        self._running: OrderedDict[str, _Running] = OrderedDict()

    def add(self, name: str, descriptor: int, offset: int, data: bytes) -> None:
        """`data` was written at `offset` of the file, which the caller has locked."""
        running = self._take(name)
        inode = os.fstat(descriptor).st_ino
        if offset == 0:
            running = _Running(inode, 0, hashlib.sha256())
        if running is None or (running.inode, running.count) != (inode, offset):
            return
        running.sha256.update(data)
        running.count += len(data)
        self._put(name, running)

    def digest(self, name: str, descriptor: int, size: int) -> str:
        """The hash of the whole file, which is read only when nothing of it was carried on."""
        running = self._take(name)
        if running is not None and (running.inode, running.count) == (os.fstat(descriptor).st_ino, size):
            return running.sha256.hexdigest()
        return digest_of(descriptor)

    def _take(self, name: str) -> _Running | None:
        with self._lock:
            return self._running.pop(name, None)

    def _put(self, name: str, running: _Running) -> None:
        with self._lock:
            self._running[name] = running
            while len(self._running) > self._running_max:
                self._running.popitem(last=False)


def digest_of(descriptor: int) -> str:
    """The hash of an open file's bytes."""
    sha256, offset = hashlib.sha256(), 0
    while data := os.pread(descriptor, _READ_BYTES, offset):
        sha256.update(data)
        offset += len(data)
    return sha256.hexdigest()
