"""Ids of jobs: the time and a random part in 16 letters that sort as they were made and are never mistaken in reading."""

import secrets
import threading

from bostan_scheduler.core.instant import Instant

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LETTERS = 16
_RANDOM_BITS = 39
_EPOCH: Instant = 1_577_836_800_000  # 2020-01-01: 41 bits of milliseconds from there reach to 2089


class JobIds:
    """Makes ids; each one sorts after those before it in this process. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def make(self, now: Instant, count: int = 1) -> tuple[str, ...]:
        """So many new ids, in order."""
        fresh = (now - _EPOCH) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
        with self._lock:
            first = max(fresh, self._last + 1)
            self._last = first + count - 1
        return tuple(_text(first + at) for at in range(count))


_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]
_SHIFTS = range(5 * (_LETTERS - 2), -1, -10)


def _text(number: int) -> str:
    """The number in the alphabet, two letters at a time: a batch needs many."""
    return "j-" + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
