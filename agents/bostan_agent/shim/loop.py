"""A poll loop in its smallest form: file descriptors, each with what to do when it is ready."""

from __future__ import annotations

import select
from collections.abc import Callable

READ = select.POLLIN
WRITE = select.POLLOUT


class Loop:
    """Calls the handler of each descriptor that is ready."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[int], None]] = {}

    def watch(self, fd: int, handler: Callable[[int], None], events: int = READ) -> None:
        """Call `handler(ready_events)` whenever `fd` is ready; watching again changes both."""
        self._poll.register(fd, events)
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """Watch `fd` no longer."""
        if self._handlers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def once(self) -> None:
        """Wait until something is ready, then handle all that is."""
        for fd, events in self._poll.poll():
            handler = self._handlers.get(fd)
            # An earlier handler of this round may have closed it.
            if handler is not None:
                handler(events)
