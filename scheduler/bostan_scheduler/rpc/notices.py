"""Warnings that come again and again are logged once in a while, with how often they came."""

import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Notices:
    """One warning a subject and interval. Whoever floods the port does not flood the log."""

    def __init__(
        self, seconds: float = 60.0, subjects_max: int = 1_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._subjects_max = subjects_max
        self._clock = clock
        self._said: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def warn(self, event: str, subject: str, **words: object) -> None:
        """Say it, unless the same was said of the same subject just now."""
        key, now = (event, subject), self._clock()
        said_at, unsaid = self._said.pop(key, (None, 0))
        if said_at is not None and now - said_at < self._seconds:
            self._said[key] = (said_at, unsaid + 1)
            return
        log.warning(event, subject=subject, **words, **({"times_before": unsaid} if unsaid else {}))
        self._said[key] = (now, 0)
        while len(self._said) > self._subjects_max:
            self._said.popitem(last=False)
