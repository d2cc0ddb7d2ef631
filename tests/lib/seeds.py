"""Seeds by the thousand in one test: cheap where each is small, the same each time, and the one that fails is named."""

from collections.abc import Iterator
from contextlib import contextmanager

BLOCK = 500


def block(number: int) -> range:
    """The seeds of a block."""
    return range(number * BLOCK, (number + 1) * BLOCK)


@contextmanager
def of_seed(seed: int) -> Iterator[None]:
    """Whatever goes wrong inside is told with the seed."""
    try:
        yield
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
