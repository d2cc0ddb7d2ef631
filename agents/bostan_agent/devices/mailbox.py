"""Events on their way to their one reader: bounded, and it says when it had to drop some."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from bostan_agent.devices.values import DeviceEvent, EventsInterrupted


class Mailbox:
    """Keeps at most `events_max` unread events; older ones give way to newer."""

    def __init__(self, events_max: int) -> None:
        self._events: deque[DeviceEvent] = deque()
        self._events_max = events_max
        self._dropped: EventsInterrupted | None = None
        self._closed = False
        self._stirred = asyncio.Event()

    def put(self, event: DeviceEvent) -> None:
        """Leave an event for the reader."""
        if len(self._events) >= self._events_max:
            lost = self._events.popleft()
            self._dropped = EventsInterrupted("events came faster than they were read", lost.at_seconds)
        self._events.append(event)
        self._stirred.set()

    def close(self) -> None:
        """Let the reader finish what is here, then end."""
        self._closed = True
        self._stirred.set()

    async def read(self) -> AsyncIterator[DeviceEvent]:
        """Events in order, until closed."""
        while True:
            if self._dropped is not None:
                dropped, self._dropped = self._dropped, None
                yield dropped
            elif self._events:
                yield self._events.popleft()
            elif self._closed:
                return
            else:
                self._stirred.clear()
                await self._stirred.wait()
