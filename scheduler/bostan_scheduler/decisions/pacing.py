"""Work beside the leader, in its process: a moment of it, then a rest, so that the leader keeps most of the processor."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

WORK_SECONDS = 0.001
REST_SECONDS = 0.003
LOOK_EVERY = 16


def paced(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a rest whenever their handling has taken a moment."""
    rested = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        if number % LOOK_EVERY == 0 and time.monotonic() - rested > WORK_SECONDS:
            time.sleep(REST_SECONDS)
            rested = time.monotonic()
