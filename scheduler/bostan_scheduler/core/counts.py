"""Counts that are kept up to date in place: what there is none of has no entry, so that what was built anew is the same."""

from collections import Counter
from typing import TypeVar

Key = TypeVar("Key")


def count(counter: Counter[Key], key: Key, step: int) -> None:
    """So many more of it, or less."""
    counter[key] += step
    if not counter[key]:
        del counter[key]
