"""How many GPUs of a node may be taken where something lies ahead that needs some."""

from collections.abc import Iterable
from typing import Self


class Limit(int):
    """So many whole GPUs, as a plain number; and on which GPUs parts may be taken that need none of these.

    `beside` are GPUs of which others hold parts that they keep until the last of what lies ahead has begun. A plain
    number knows of none: whoever shares a GPU with others may need it alone by then, and so takes one.
    """

    beside: frozenset[str]

    def __new__(cls, gpus: int, beside: Iterable[str] = ()) -> Self:
        assert gpus >= 0, "a limit below nothing"
        limit = super().__new__(cls, gpus)
        limit.beside = frozenset(beside)
        return limit
