"""Bells that wake whoever waits for something to grow, in any event loop of this process."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress


class Bell:
    """One waiter's bell."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter; from any thread."""
        with suppress(RuntimeError):  # its loop has ended, and the waiter with it
            self._loop.call_soon_threadsafe(self._rung.set)

    async def heard_within(self, seconds: float) -> bool:
        """Wait for a ring, at most so long; whether there was one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class Bells:
    """Waiters by what they wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: dict[Hashable, set[Bell]] = defaultdict(set)

    @contextmanager
    def waiting(self, key: Hashable) -> Iterator[Bell]:
        """A bell that rings for `key` meanwhile."""
        bell = Bell()
        with self._lock:
            self._bells[key].add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[key].discard(bell)
                if not self._bells[key]:
                    del self._bells[key]

    def ring(self, key: Hashable) -> None:
        """Wake all who wait for `key`."""
        with self._lock:
            bells = tuple(self._bells.get(key, ()))
        for bell in bells:
            bell.ring()

    def __len__(self) -> int:
        return sum(len(bells) for bells in self._bells.values())
