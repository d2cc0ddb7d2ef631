"""Answers that are good for a while, so that not every message costs a look into the store."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Answers by question. An answer None is not kept: what is not there now may be there next."""

    def __init__(self, seconds: float, entries_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._entries_max = entries_max
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    async def get(self, key: Key, ask: Callable[[Key], Awaitable[Value | None]]) -> Value | None:
        """The answer, asked for again when it is too old."""
        known = self._kept.get(key)
        if known is not None and self._clock() < known[0]:
            return known[1]
        self._kept.pop(key, None)
        answer = await ask(key)
        if answer is not None:
            self._kept[key] = (self._clock() + self._seconds, answer)
            while len(self._kept) > self._entries_max:
                self._kept.popitem(last=False)
        return answer

    def __len__(self) -> int:
        return len(self._kept)
