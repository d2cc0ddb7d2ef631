"""The most of something with which a job still starts: found by halving, since less never has less room."""

from collections.abc import Callable


def most(starts: Callable[[int], bool], below: int, least: int = 1) -> int | None:
    """The largest number under `below` that starts, None when not even the least does. Each answer is tried."""
    assert least >= 0
    if below <= least or not starts(least):
        return None
    good, bad = least, below
    while bad - good > 1:
        middle = (good + bad) // 2
        if starts(middle):
            good = middle
        else:
            bad = middle
    return good
